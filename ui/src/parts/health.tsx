// Whether the pod is well and, if not, what is wrong and what to do.
import { useEffect } from 'preact/hooks';

import { liveStatus } from '../lib/live.js';
import { isMetricsRefused, metricsProblem, samples, sumOf, type Sample } from '../lib/metrics.js';
import { plain } from '../lib/rpc.js';
import { useAnswer } from './answer.js';
import { Icon } from './icon.js';
import { Quiet } from './plain.js';

interface Trouble {
  what: string;
  advice: string;
  href?: string;
}

const DISK_LOW_BYTES = 512 * 1024 * 1024;
const ASK_EVERY_MS = 10_000;

function troublesIn(first: Sample | undefined, sample: Sample | undefined): Trouble[] {
  if (!sample) return [];
  const troubles: Trouble[] = [];
  const grown = (prefix: string) => (sumOf(sample, prefix) ?? 0) - (sumOf(first, prefix) ?? 0);
  const free = sumOf(sample, 'synap_disk_free_bytes');
  if (free !== undefined && free < DISK_LOW_BYTES) {
    troubles.push({
      what: 'The disk is nearly full.',
      advice: 'Make room on the disk of the data directory.',
    });
  }
  for (const [name, value] of sample.values) {
    const stopped = /^synap_projection_stopped\{projection="(.+)"\}/.exec(name)?.[1];
    if (stopped && value > 0) {
      troubles.push({
        what: `The read model ${stopped} has stopped.`,
        advice: 'Look why, and rebuild it.',
        href: '/pod',
      });
    }
  }
  if (grown('synap_io_errors_total') > 0) {
    troubles.push({
      what: 'The disk refused something a moment ago.',
      advice: 'The log of the pod says what and where.',
    });
  }
  if (grown('synap_http_responses_total{class="5xx"}') > 0) {
    troubles.push({
      what: 'The pod answered requests with errors of its own.',
      advice: 'The log of the pod says why.',
    });
  }
  return troubles;
}

export function Health() {
  const ready = useAnswer('ready', async () => {
    const response = await plain('/ready');
    const { status, reason, reasons } = (await response.json()) as {
      status?: string;
      reason?: string;
      reasons?: string[];
    };
    return { isReady: response.ok, words: reason ?? reasons?.join('; ') ?? status ?? '' };
  });
  useEffect(() => {
    const timer = setInterval(ready.reload, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const status = liveStatus.value;
  useEffect(ready.reload, [status]);

  const troubles = troublesIn(samples.value[0], samples.value.at(-1));
  if (status === 'lost' || ready.error !== undefined) {
    troubles.unshift({
      what: 'The pod does not answer.',
      advice: 'The page tries again by itself. Is the pod running? synap doctor tells more.',
    });
  } else if (ready.value && !ready.value.isReady) {
    troubles.unshift({
      what: `The pod cannot work now: ${ready.value.words}.`,
      advice: 'synap doctor tells more.',
    });
  }
  const isUnknown = troubles.length === 0 && ready.value === undefined;
  const isWell = troubles.length === 0 && !isUnknown;
  return (
    <section class={`health ${isUnknown ? '' : isWell ? 'good' : 'bad'}`} aria-label="Health">
      <Icon name={isUnknown ? 'circle' : isWell ? 'check' : 'warn'} />
      {isWell && (
        <p>
          <b>{isMetricsRefused.value ? 'The pod is ready.' : 'The pod is well.'}</b>{' '}
          {!isMetricsRefused.value && <Quiet>{metricsProblem.value}</Quiet>}
        </p>
      )}
      {isUnknown && <p>Asking the pod…</p>}
      {troubles.map((trouble) => (
        <p key={trouble.what}>
          <b>{trouble.what}</b>{' '}
          {trouble.href ? <a href={trouble.href}>{trouble.advice}</a> : trouble.advice}
        </p>
      ))}
    </section>
  );
}
