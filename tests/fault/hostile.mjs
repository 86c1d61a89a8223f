// What hostile tests share: raw bytes to a pod, and what a refusal must look like.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { Pod, within } from './pod.mjs';

// Beyond what the pod had at the beginning. Its own caches (pages of two database readers and the
// writer, events kept for subscribers, the allocator's) may fill meanwhile.
export const kGrowthMbMax = Number(process.env.GROWTH_MB ?? 200);

/** Sends `parts` and reads to the end of the connection: {text, status, json, ms, isReset}. */
export function raw(pod, parts, { ms = 20_000, keepsOpen = false } = {}) {
  const begin = performance.now();
  return within(ms, new Promise((resolve) => {
    const chunks = [];
    let isReset = false;
    const socket = net.connect(pod.port, '127.0.0.1');
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (keepsOpen && firstAnswer(Buffer.concat(chunks))) socket.destroy();
    });
    socket.on('error', () => { isReset = true; });
    socket.on('close', () => {
      const bytes = Buffer.concat(chunks);
      resolve({ text: bytes.toString(), ms: performance.now() - begin, isReset, ...firstAnswer(bytes) });
    });
    for (const part of [parts].flat()) socket.write(part);
    // The other half stays open: a refusal must not wait for the client to end.
  }), `an answer to ${String([parts].flat()[0]).slice(0, 60)}`);
}

function firstAnswer(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = bytes.subarray(0, end).toString();
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!length || bytes.length < end + 4 + Number(length[1])) return null;
  const body = bytes.subarray(end + 4, end + 4 + Number(length[1])).toString();
  let json;
  try {
    json = JSON.parse(body);
  } catch {
    // Told by checkRefusal.
  }
  return { status: Number(head.slice(9, 12)), head, body, json };
}

/** How many connections from `localPorts` the pod still has: a client that does not read cannot tell. */
export function servedConnections(pod, localPorts) {
  const served = `:${pod.port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').filter((line) => {
    const [, local, remote, state] = line.trim().split(/\s+/);
    return local?.endsWith(served) && state === '01' && localPorts.has(parseInt(remote.split(':')[1], 16));
  }).length;
}

/** A refusal is JSON in the protocol's shape, and says nothing of the inside. */
export function checkRefusal(answer, statuses, what) {
  const text = answer.body ?? answer.text;
  assert.ok([statuses].flat().includes(answer.status), `${what}: ${answer.status} ${String(text).slice(0, 300)}`);
  const contentType = answer.headers?.['content-type'] ?? /content-type: *([^\r]*)/i.exec(answer.head)?.[1];
  assert.match(contentType ?? '', /^application\/json/, what);
  for (const item of [answer.json].flat()) {
    assert.equal(typeof item?.error?.code, 'number', `${what}: ${String(text).slice(0, 300)}`);
    assert.equal(typeof item.error.message, 'string', what);
  }
  assert.doesNotMatch(String(text), /sqlite|\.cpp|std::|exception|terminate|SELECT /i, what);
}

export class Siege {
  /** Within the `before` of a file; the pod goes with the file's last test. */
  static async begin() {
    const siege = new Siege();
    const t = { after: (action) => { siege.cleanUp = action; } };
    siege.pod = await Pod.make(t);
    await siege.pod.start();
    siege.owner = siege.pod.owner({ connections: 8 });
    siege.pid = siege.pod.pid;
    await siege.isWell('at the beginning');
    siege.rssAtFirst = siege.pod.rss;
    return siege;
  }

  /** The same process still does its work: a good request is answered and its note completes. */
  async isWell(what) {
    assert.equal(this.pod.child?.pid ?? null, this.pid, `after ${what} the pod lives: ${this.pod.lines.slice(-3).join(' | ')}`);
    const { requestId, entityId } = await this.owner.tell('notes.create', { content: `still well ${what}` });
    const request = await this.owner.settled(requestId, 60_000);
    assert.equal(request.status, 'completed', what);
    assert.equal((await this.owner.ask('notes.get', { id: entityId })).content, `still well ${what}`);
  }

  checkMemory(what, most = kGrowthMbMax) {
    const growth = this.pod.rss - this.rssAtFirst;
    assert.ok(growth < most, `${what}: resident memory grew by ${Math.round(growth)} MB (limit ${most})`);
    return Math.round(growth);
  }

  /** Highest memory while `action` runs, in MB above that of the beginning. */
  async peakOf(action) {
    await this.pod.forgetPeak();
    const result = await action();
    return { result, peak: Math.round(this.pod.peakRss - this.rssAtFirst) };
  }

  async isIntact(callers = { owner: this.owner }) {
    const events = [];
    for (const caller of Object.values(callers)) events.push(...await caller.allEvents());
    events.sort((a, b) => a.position - b.position);
    events.forEach((event, i) => assert.equal(event.position, i + 1, 'the log is dense'));
    return events.length;
  }

  async end(name) {
    const events = await this.isIntact(this.callers ?? { owner: this.owner });
    const growth = this.checkMemory('at the end');
    const { code, signal, ms } = await this.pod.stop();
    console.log(`${name}: ${JSON.stringify({ rssAtFirstMb: Math.round(this.rssAtFirst), growthMb: growth, events, stopMs: Math.round(ms) })}`);
    assert.deepEqual([code, signal], [0, null]);
  }
}
