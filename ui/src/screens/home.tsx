// Home: is the pod well, what happens now, and what to do first.
import { useEffect } from 'preact/hooks';

import { liveStatus } from '../lib/live.js';
import { log } from '../lib/log.js';
import { isOwner } from '../lib/session.js';
import { EventRow } from '../parts/event-row.js';
import { FirstSteps } from '../parts/first-steps.js';
import { Health } from '../parts/health.js';
import { Numbers } from '../parts/numbers.js';
import { QuickNote } from '../parts/quick-note.js';
import { watchMetrics } from '../lib/metrics.js';
import { addWalk } from '../lib/walk.js';
import { podDocument } from '../lib/document.js';

const NEWEST = 18;

function wordsForNone(isReady: boolean): string {
  if (liveStatus.value === 'refused')
    return 'This key may not see events: it needs the scope events:read.';
  return isReady ? 'Nothing has happened yet.' : 'Loading…';
}

function Newest() {
  const current = log.value;
  void current?.changed.value;
  const rows = (current?.rows ?? []).slice(-NEWEST).reverse();
  return (
    <section class="card newest" aria-labelledby="newest-title">
      <header>
        <h2 id="newest-title">Newest events</h2>
        <a href="/events">All events</a>
      </header>
      {rows.length === 0 ? (
        <p class="quiet">{wordsForNone(current?.ready.value ?? false)}</p>
      ) : (
        <ul class="events-short">
          {rows.map((row) => (
            <li key={row.position}>
              <a href={`/events/${row.id}`} data-in-list>
                <EventRow row={row} />
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function HomeScreen() {
  const owner = isOwner();
  useEffect(() => (owner ? watchMetrics() : undefined), [owner]);
  useEffect(() => addWalk(), []);
  const hasNotes = podDocument.value?.has('notes.create');
  return (
    <div class="home">
      <h1 class="unseen">Home</h1>
      <Health />
      {owner && <Numbers />}
      <div class="home-columns">
        <Newest />
        <div class="home-side">
          {hasNotes && <QuickNote />}
          <FirstSteps />
        </div>
      </div>
    </div>
  );
}
