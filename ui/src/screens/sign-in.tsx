// Signing in with a key. It is exchanged for a session and kept nowhere.
import { useState } from 'preact/hooks';

import { messageOf } from '../lib/rpc.js';
import { signIn, signInNotice } from '../lib/session.js';

export function SignIn() {
  const [key, setKey] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const given = key.trim();
    if (!given || isBusy) return;
    setBusy(true);
    signIn({ key: given })
      .catch((error: unknown) => (signInNotice.value = messageOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <img src="/favicon.svg" alt="" width="44" height="44" />
        <h1 id="sign-in-title">Sign in to this pod</h1>
        <p class="quiet">Paste an API key. It becomes a session of this browser and is not kept.</p>
        <label for="key">API key</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          placeholder="synap_…"
          spellcheck={false}
          value={key}
          autofocus
          aria-describedby={signInNotice.value ? 'sign-in-notice' : undefined}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <p id="sign-in-notice" class="issue" role="alert">
          {signInNotice.value}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <p class="help">
          On the pod's machine, <code>synap open</code> signs you in without a key. The owner's key
          is in <code>owner.key</code> in the data directory.
        </p>
      </form>
    </main>
  );
}
