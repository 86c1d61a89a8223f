// What all programs here do in the same way: options, times, the processor's time of others, calls
// with so many in flight, and a line of JSON at the end.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, request } from 'node:http';

/** `--name value` for each of `defaults`; numbers stay numbers. */
export function optionsFrom(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options });
  const read = ([name, value]) => [name, typeof defaults[name] === 'number' ? Number(value) : value];
  return { ...defaults, ...Object.fromEntries(Object.entries(values).map(read)) };
}

/** Monotonic, the same for all processes of the machine; ms. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Processor seconds that a process has used, its threads included; 0 of none. */
export function processorSeconds(pid) {
  if (!pid) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What posts JSON over so many connections that stay open. */
export function poster(connections) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return (url, value) => {
    const body = Buffer.from(JSON.stringify(value));
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const asked = request(url, { method: 'POST', agent, headers }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode >= 300) reject(new Error(`${url}: ${answer.statusCode} ${text}`));
          else resolve({ headers: answer.headers, status: answer.statusCode, text });
        });
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  };
}

/** Does `act(i)` for 0 <= i < count, so many at a time. */
export async function inFlight(count, most, act) {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: Math.min(most, count) }, worker));
}

/** Does `act()` so many times a second by the clock, for so many seconds. */
export async function paced(perSecond, seconds, act) {
  const begin = now();
  const all = [];
  for (let i = 0; i < perSecond * seconds; ++i) {
    const due = begin + (i * 1000) / perSecond;
    while (now() < due - 1.5) await delay(Math.max(1, due - now() - 1));
    all.push(act());
  }
  await Promise.all(all);
}

export function spreadOf(delays) {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: sorted.at(-1) };
}

export function tell(result) {
  console.log(JSON.stringify(result));
}
