// The read models: how far each is, what is in it, and making it again.
import { useEffect, useState } from 'preact/hooks';

import { mutate } from '../lib/rpc.js';
import { duration, number } from '../lib/time.js';
import { Show, useQuery } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Confirm } from '../parts/dialog.js';
import { Button, Card, Head, Quiet } from '../parts/plain.js';
import { say, sayError } from '../parts/say.js';

interface Projection {
  name: string;
  kind: string;
  status: string;
  position: number;
  lag: number;
  error?: string;
  filledTo?: number;
  secondsLeft?: number;
}

interface Comparison {
  ok: boolean;
  rows: number;
  liveDigest: string;
  firstDifference?: string;
}

const ASK_EVERY_MS = 500;
const ASK_EVERY_MS_CALM = 10_000;

function Progress({ one, end }: { one: Projection; end: number }) {
  if (one.filledTo === undefined) return null;
  return (
    <p class="progress">
      <progress value={one.filledTo} max={end || 1} aria-label={`Rebuilding ${one.name}`} />
      <Quiet>
        {`${number(one.filledTo)} of ${number(end)}`}
        {one.secondsLeft !== undefined && `, ${duration(one.secondsLeft * 1000)} left`}
      </Quiet>
    </p>
  );
}

function ProjectionRow({ one, end, reload }: { one: Projection; end: number; reload(): void }) {
  const [isAsking, setAsking] = useState(false);
  const [compared, setCompared] = useState<Comparison | 'busy'>();
  const rebuild = () => {
    mutate('projections.rebuild', { name: one.name }).then(() => {
      say(`${one.name} is being rebuilt`);
      reload();
    }, sayError);
  };
  const verify = () => {
    setCompared('busy');
    mutate<Comparison>('projections.verify', { name: one.name }).then(
      setCompared,
      (error: unknown) => {
        setCompared(undefined);
        sayError(error);
      },
    );
  };
  return (
    <tr>
      <td>
        <b>{one.name}</b>
        {one.error && <p class="issue">{one.error}</p>}
        <Progress one={one} end={end} />
      </td>
      <td data-label="Kind">{one.kind}</td>
      <td data-label="Status">
        <Status status={one.status} />
      </td>
      <td class="number" data-label="Position">
        {number(one.position)}
      </td>
      <td class="number" data-label="Lag">
        {number(one.lag)}
      </td>
      <td data-label="Digest">
        {compared === undefined && <Quiet>–</Quiet>}
        {compared === 'busy' && <Quiet>comparing…</Quiet>}
        {typeof compared === 'object' && (
          <span title={compared.firstDifference ?? compared.liveDigest}>
            <Status status={compared.ok ? 'ok' : 'fail'} />{' '}
            <code>{compared.liveDigest.slice(0, 10)}</code>{' '}
            <Quiet>{number(compared.rows)} rows</Quiet>
          </span>
        )}
      </td>
      <td>
        <span class="actions">
          <Button
            class="small"
            onClick={verify}
            disabled={compared === 'busy'}
            aria-label={`Verify ${one.name}`}
          >
            Verify
          </Button>
          <Button
            class="small"
            onClick={() => setAsking(true)}
            disabled={one.status === 'rebuilding'}
            aria-label={`Rebuild ${one.name}`}
          >
            Rebuild
          </Button>
        </span>
        {isAsking && (
          <Confirm
            title={`Rebuild ${one.name}?`}
            text="It is made again from the log, beside the present one, which serves meanwhile."
            action="Rebuild"
            onYes={rebuild}
            onClose={() => setAsking(false)}
          />
        )}
      </td>
    </tr>
  );
}

export function Projections() {
  const answer = useQuery<{ projections: Projection[]; end: number }>('projections.list');
  const isBusy = answer.value?.projections.some((one) => one.status !== 'live') ?? false;
  useEffect(() => {
    const timer = setInterval(
      () => !document.hidden && answer.reload(),
      isBusy ? ASK_EVERY_MS : ASK_EVERY_MS_CALM,
    );
    return () => clearInterval(timer);
  }, [isBusy]);
  return (
    <Card
      title="Read models"
      more={<Quiet>{answer.value && `the log ends at ${number(answer.value.end)}`}</Quiet>}
    >
      <Show of={answer}>
        {({ projections, end }) => (
          <div class="table-box">
            <table class="cards">
              <Head of="Name|Kind|Status|#Position|#Lag|Digest|-Verify or rebuild" />
              <tbody>
                {projections.map((one) => (
                  <ProjectionRow key={one.name} one={one} end={end} reload={answer.reload} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Show>
    </Card>
  );
}
