// The notes, the newest first, as they are now.
import { useEffect } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { messageOf } from '@synap/client';

import { NewNote } from './new-note.js';
import { useLiveNotes, useTRPC } from './synap.js';

export function Notes({ onRefused }: { onRefused: (error: unknown) => void }) {
  const trpc = useTRPC();
  const live = useLiveNotes();
  useEffect(() => {
    if (live.status === 'ended') onRefused(live.error);
  }, [live]);
  const pages = useInfiniteQuery(
    trpc.notes.list.infiniteQueryOptions({ limit: 20 }, { getNextPageParam: (last) => last.nextCursor }),
  );
  return (
    <main>
      <h1>Notes</h1>
      {live.status === 'interrupted' && (
        <p role="status">The pod is away; what you see may be old. {messageOf(live.error)}</p>
      )}
      {live.status === 'ended' && <p role="alert">{messageOf(live.error)}</p>}
      <NewNote />
      {pages.isError && !pages.data && <p role="alert">{messageOf(pages.error)}</p>}
      <ul aria-label="Notes">
        {pages.data?.pages.flatMap((page) =>
          page.notes.map((note) => (
            <li key={note.id}>
              {note.title} <small>{new Date(note.createdAt).toLocaleString()}</small>
            </li>
          )),
        )}
      </ul>
      {pages.hasNextPage && <button onClick={() => void pages.fetchNextPage()}>More</button>}
    </main>
  );
}
