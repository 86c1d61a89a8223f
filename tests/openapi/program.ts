// A program against the types that openapi-typescript makes of the document. What must not compile
// is marked: the compiler complains where it does.
import createClient from 'openapi-fetch';

import type { components, paths } from './schema.js';

export async function keepANote(baseUrl: string, key: string) {
  const pod = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${key}` } });

  const made = await pod.POST('/api/notes.create', {
    params: { header: { 'Idempotency-Key': 'once' } },
    body: { content: '# Hello', tags: ['home', 'first'] },
  });
  const again = await pod.POST('/api/notes.create', {
    params: { header: { 'Idempotency-Key': 'once' } },
    body: { content: '# Hello', tags: ['home', 'first'] },
  });
  const requestId: string | undefined = made.data?.requestId;

  const events = await pod.GET('/api/events.list', {
    params: { query: { types: ['note.creation.requested', 'note.creation.completed'], limit: 10 } },
  });
  const types: string[] = events.data?.events.map((event) => event.type) ?? [];

  const refused = await pod.GET('/api/notes.list', { params: { query: { limit: 1_000_000 } } });
  const problem: components['schemas']['Problem'] | undefined = refused.error;

  // @ts-expect-error: content must be there
  await pod.POST('/api/notes.create', { body: { tags: [] } });
  // @ts-expect-error: a parameter that there is not
  await pod.GET('/api/notes.list', { params: { query: { tags: 'home' } } });
  // @ts-expect-error: a mutation is not read
  await pod.GET('/api/notes.create', {});

  const health = await createClient<paths>({ baseUrl }).GET('/api/health');
  return { requestId, again: again.data?.requestId, types, problem, health: health.data?.status };
}
