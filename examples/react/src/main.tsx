// Asks for an API key, and shows the notes of its user. The pod is that of this machine, or ?pod=URL.
import { StrictMode, useEffect, useMemo, useState, type FormEvent } from 'react';
import { createRoot } from 'react-dom/client';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createSynapClient, isSynapError, messageOf, NoKeyError } from '@synap/client';

import { Notes } from './notes.js';
import { SynapProvider, TRPCProvider } from './synap.js';

const url = new URLSearchParams(location.search).get('pod') ?? 'http://127.0.0.1:4400';

interface AppProps {
  apiKey: string;
  /** Back to the form, which says why. */
  onLeave: (why: string) => void;
}

function App({ apiKey, onLeave }: AppProps) {
  const synap = useMemo(() => createSynapClient({ url, key: apiKey }), [apiKey]);
  // A key that is wrong, expired or revoked: whichever question hears of it first.
  const onError = (error: unknown) => {
    if (isSynapError(error) && error.data?.code === 'UNAUTHORIZED') onLeave(messageOf(error));
  };
  // The pod tells of every change, so nothing grows old by itself; what it refuses is not asked again.
  const queries = useMemo(
    () =>
      new QueryClient({
        defaultOptions: { queries: { staleTime: Infinity, retry: false } },
        queryCache: new QueryCache({ onError }),
        mutationCache: new MutationCache({ onError }),
      }),
    [synap],
  );
  return (
    <SynapProvider value={synap}>
      <QueryClientProvider client={queries}>
        <TRPCProvider trpcClient={synap} queryClient={queries}>
          <Notes onRefused={onError} />
          <button onClick={() => onLeave('')}>Use another key</button>
        </TRPCProvider>
      </QueryClientProvider>
    </SynapProvider>
  );
}

function SignIn({ refused, onKey }: { refused: string; onKey: (key: string) => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    onKey(String(new FormData(event.currentTarget).get('key')).trim());
  }
  return (
    <form onSubmit={submit}>
      <p>
        Sign in at the pod {url} with an API key. The owner's is in the pod's directory: synap-data/owner.key
      </p>
      {refused && <p role="alert">{refused}</p>}
      <input name="key" type="password" aria-label="API key" placeholder="API key" required autoComplete="off" />
      <button>Sign in</button>
    </form>
  );
}

function Root() {
  // For this tab only: a key that is kept in a page is a key that scripts can read.
  const [key, setKey] = useState(() => sessionStorage.getItem('key') ?? '');
  const [refused, setRefused] = useState('');
  useEffect(() => sessionStorage.setItem('key', key), [key]);
  function leave(why: string) {
    setRefused(why);
    setKey('');
  }
  function enter(typed: string) {
    const wrong = NoKeyError.of(typed);
    if (wrong) leave(wrong.message);
    else setKey(typed);
  }
  if (!/^https?:\/\//.test(url)) return <p role="alert">?pod= must be an address, as http://127.0.0.1:4400</p>;
  return key ? <App apiKey={key} onLeave={leave} /> : <SignIn refused={refused} onKey={enter} />;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
