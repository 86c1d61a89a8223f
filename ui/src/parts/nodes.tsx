// The nodes of a pod that has many: which of them leads, which one answers, who has gone silent.
import { useEffect } from 'preact/hooks';

import { duration, number } from '../lib/time.js';
import { useQuery } from './answer.js';
import { Status } from './badge.js';
import { Card } from './plain.js';
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
  jobs: number;
}

const AGAIN_EVERY_MS = 5_000;

/** Nothing where the pod is one program. */
export function Nodes() {
  const answer = useQuery<{ nodes: PodNode[] }>('nodes.list');
  const nodes = answer.value?.nodes ?? [];
  useEffect(() => {
    if (nodes.length === 0) return;
    const timer = setInterval(() => !document.hidden && answer.reload(), AGAIN_EVERY_MS);
    return () => clearInterval(timer);
  }, [nodes.length]);
  if (nodes.length === 0) return null;
  return (
    <Card title="Nodes">
      <ul class="checks">
        {nodes.map((one) => (
          <li key={one.number}>
            <Status status={one.isConnected ? 'ok' : 'warn'} />
            <div>
              <b>{one.name}</b> {one.leads ? 'leads' : 'follows'}
              {one.isThis && ', answers here'}
              <p class="help">
                Node {number(one.number)}, Synap {one.version}, since <Time at={one.startedAt} />, {number(one.jobs)} {one.jobs === 1 ? 'job' : 'jobs'}.
                {!one.isConnected &&
                  ` Silent for ${duration(one.silentMs)}: the others go on without it in ${duration(one.leaseLeftMs)}.`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
