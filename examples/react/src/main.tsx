// Asks for an API key, and shows the notes of its user. The pod is that of this machine, or ?pod=URL.
import { StrictMode, useEffect, useMemo, useState, type FormEvent } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createSynapClient } from '@synap/client';

import { Notes } from './notes.js';
import { SynapProvider, TRPCProvider } from './synap.js';

const url = new URLSearchParams(location.search).get('pod') ?? 'http://127.0.0.1:4400';

function App({ apiKey }: { apiKey: string }) {
  const synap = useMemo(() => createSynapClient({ url, key: apiKey }), [apiKey]);
  // The pod tells of every change, so nothing grows old by itself; what it refuses is not asked again.
  const queries = useMemo(
    () => new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } }),
    [synap],
  );
  return (
    <SynapProvider value={synap}>
      <QueryClientProvider client={queries}>
        <TRPCProvider trpcClient={synap} queryClient={queries}>
          <Notes />
        </TRPCProvider>
      </QueryClientProvider>
    </SynapProvider>
  );
}

function SignIn({ onKey }: { onKey: (key: string) => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    onKey(String(new FormData(event.currentTarget).get('key')).trim());
  }
  return (
    <form onSubmit={submit}>
      <input name="key" type="password" aria-label="API key" required autoComplete="off" />
      <button>Sign in</button>
    </form>
  );
}

function Root() {
  // For this tab only: a key that is kept in a page is a key that scripts can read.
  const [key, setKey] = useState(() => sessionStorage.getItem('key') ?? '');
  useEffect(() => sessionStorage.setItem('key', key), [key]);
  return key ? <App apiKey={key} /> : <SignIn onKey={setKey} />;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
