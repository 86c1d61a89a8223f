// The nodes of a pod that has many: which of them leads, which one answers, who has gone silent.
import { useEffect } from 'preact/hooks';

import { query } from '../lib/rpc.js';
import { duration, number } from '../lib/time.js';
import { useAnswer } from './answer.js';
import { Status } from './badge.js';
import { Time } from './time.js';

interface PodNode {
  number: number;
  name: string;
  version: string;
  leads: boolean;
  isThis: boolean;
  isConnected: boolean;
  startedAt: string;
  silentMs: number;
  leaseLeftMs: number;
}

const AGAIN_EVERY_MS = 5_000;

/** Nothing where the pod is one program. */
export function Nodes() {
  const answer = useAnswer('nodes', (signal) =>
    query<{ nodes: PodNode[] }>('nodes.list', undefined, signal),
  );
  const nodes = answer.value?.nodes ?? [];
  useEffect(() => {
    if (nodes.length === 0) return;
    const timer = setInterval(() => !document.hidden && answer.reload(), AGAIN_EVERY_MS);
    return () => clearInterval(timer);
  }, [nodes.length]);
  if (nodes.length === 0) return null;
  return (
    <section class="card" aria-label="Nodes">
      <header>
        <h2>Nodes</h2>
      </header>
      <ul class="checks">
        {nodes.map((one) => (
          <li key={one.number}>
            <Status status={one.isConnected ? 'ok' : 'warn'} />
            <div>
              <b>{one.name}</b> {one.leads ? 'leads' : 'follows'}
              {one.isThis && ', answers here'}
              <p class="help">
                Node {number(one.number)}, Synap {one.version}, since <Time at={one.startedAt} />.
                {!one.isConnected &&
                  ` Silent for ${duration(one.silentMs)}: the others go on without it in ${duration(one.leaseLeftMs)}.`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
