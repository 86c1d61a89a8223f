// Who is signed in. The session is a cookie that scripts cannot read; the pod says whose it is.
import { signal } from '@preact/signals';

import { PodError, keepPageHalf, plain, whenSignedOut } from './rpc.js';

export interface Session {
  user: { id: string; name: string; role: 'owner' | 'member' };
  session?: string;
  expiresAt?: string;
  pod?: { name?: string; version?: string };
  /** Of the answer to signing in: the page's half of the session. */
  page?: string;
}

/** undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Why nobody is signed in, where there is something to tell. */
export const signInNotice = signal('');

const keepers = new Set<() => void>();

/** Called when a session ends that nobody has ended here, before the screens go. Gives what ends that. */
export function whenEnded(keep: () => void): () => void {
  keepers.add(keep);
  return () => keepers.delete(keep);
}

const leavers = new Set<() => void>();

/** Called when somebody signs out, while the session is still theirs. */
export const whenLeaving = (leave: () => void) => leavers.add(leave);

let isLeaving = false;

/** Somebody was signed in and is no more. */
export function endSession(): void {
  // Who signs out hears of the end by what is live before the answer comes.
  if (!session.value || isLeaving) return;
  for (const keep of keepers) keep();
  signInNotice.value = 'Your session has ended. Sign in again.';
  session.value = null;
}

whenSignedOut(endSession);

async function answerOf(response: Response): Promise<Session> {
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer) return answer as Session;
  const { message, detail } = (answer ?? {}) as { message?: string; detail?: string };
  throw new PodError(
    message ?? detail ?? `The pod answered ${response.status}`,
    response.status === 409 ? 'CONFLICT' : 'UNAUTHORIZED',
    response.status,
  );
}

/** Signs in with a key or with the token of a one-time link. */
export async function signIn(secret: { key: string } | { token: string }): Promise<void> {
  const shown = 'key' in secret ? secret.key : secret.token;
  // What is pasted may have anything in it, and a header takes little: no key has anything else.
  if (!/^[\x21-\x7e]+$/.test(shown)) throw new PodError('This is no key', 'UNAUTHORIZED', 401);
  const { page, ...signedIn } = await answerOf(
    await plain('/session', { method: 'POST', headers: { authorization: `Bearer ${shown}` } }),
  );
  keepPageHalf(page);
  signInNotice.value = '';
  session.value = { ...signedIn, ...(await whoIsIt()) };
}

/**
 * Signs in with the token of a link that somebody opened. Where another user is signed in, he is
 * asked: a link may be anybody's.
 */
export async function followLink(token: string): Promise<void> {
  try {
    await signIn({ token });
  } catch (error) {
    if (!(error instanceof PodError) || error.code !== 'CONFLICT') throw error;
    const who = (await whoIsIt())?.user.name ?? 'somebody';
    if (!confirm(`You are signed in as ${who}. Sign out, and in as whose link this is?`)) throw error;
    await signOut();
    await signIn({ token });
  }
}

/** What the pod says about the cookie; null if nobody is signed in. */
export async function whoIsIt(): Promise<Session | null> {
  const response = await plain('/session');
  if (response.status === 401 || response.status === 403 || response.status === 404) return null;
  return answerOf(response);
}

export async function signOut(): Promise<void> {
  isLeaving = true;
  await plain('/session', { method: 'DELETE' }).catch(() => undefined);
  for (const leave of leavers) leave();
  keepPageHalf(undefined);
  signInNotice.value = '';
  session.value = null;
  isLeaving = false;
}

/** The token of a one-time link. It is taken out of the address and the history at once. */
export function takeTokenFromAddress(): string | undefined {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token) history.replaceState(history.state, '', location.pathname + location.search);
  try {
    return token && decodeURIComponent(token);
  } catch {
    throw new PodError('The link is damaged. Ask for another, or sign in with a key', 'UNAUTHORIZED', 401);
  }
}

export const isOwner = (): boolean => session.value?.user.role === 'owner';
