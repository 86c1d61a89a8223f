// A subscriber to events.watch that comes back, by its last id, after every crash: over SSE and
// WebSocket in turn. What it has seen is in `seen`, in the order of arrival.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { within } from './pod.mjs';
import { RawWebSocket } from './websocket.mjs';

export class Watcher extends EventEmitter {
  seen = [];  // {position, id, type, requestId}
  completed = new Set();  // requestIds
  connections = { sse: 0, websocket: 0 };
  errors = [];
  #lastId = '0';
  #isOver = false;
  #wake = null;

  constructor(pod, token) {
    super();
    this.setMaxListeners(0);
    Object.assign(this, { pod, token });
  }

  /** Called when the pod may be reached (again). */
  poke() { this.emit('poke'); }

  async run() {
    for (let turn = 0; !this.#isOver; ++turn) {
      const via = turn % 2 ? 'websocket' : 'sse';
      try {
        await (via === 'sse' ? this.#overSse() : this.#overWebSocket());
      } catch (error) {
        // The pod is gone, or not there yet: what else could be wrong shows in what was seen.
        if (!/ECONN|closed|hang up|aborted|cut off/.test(String(error))) this.errors.push(String(error));
      }
      if (this.#isOver) return;
      // Come back when told that the pod is there, or, if that was missed, a little later.
      const timer = setTimeout(() => this.poke(), 50);
      await once(this, 'poke');
      clearTimeout(timer);
    }
  }

  stop() {
    this.#isOver = true;
    this.#wake?.();
    this.poke();
  }

  #take(id, event) {
    if (id !== String(event.position)) this.errors.push(`id ${id} of position ${event.position}`);
    this.#lastId = id;
    this.seen.push({ position: event.position, id: event.id, type: event.type, requestId: event.requestId });
    if (/\.(completed|failed)$/.test(event.type) && event.requestId) {
      if (event.type.endsWith('.completed')) this.completed.add(event.requestId);
      this.emit(event.requestId, event);
    }
    this.emit('event', event);
  }

  /** Until the completion of `requestId` has been seen. */
  async completion(requestId, ms = 30_000) {
    if (!this.completed.has(requestId)) {
      await within(ms, once(this, requestId), `the watcher sees the completion of ${requestId}`);
    }
  }

  async reaches(position, ms = 30_000) {
    if (this.seen.at(-1)?.position >= position) return;
    await within(ms, new Promise((resolve) => {
      const look = (event) => {
        if (event.position < position) return;
        this.off('event', look);
        resolve();
      };
      this.on('event', look);
    }), `the watcher reaches position ${position}`);
  }

  #overSse() {
    return new Promise((resolve, reject) => {
      const input = encodeURIComponent(JSON.stringify({ lastEventId: this.#lastId }));
      const request = http.get({
        host: '127.0.0.1', port: this.pod.port, path: `/trpc/events.watch?input=${input}`,
        headers: { authorization: `Bearer ${this.token}`, accept: 'text/event-stream' },
        agent: false,
      }, (response) => {
        if (response.statusCode !== 200) this.errors.push(`SSE answered ${response.statusCode}`);
        else this.connections.sse += 1;
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          rest += chunk;
          for (let end; (end = rest.indexOf('\n\n')) >= 0;) {
            this.#takeSse(rest.slice(0, end));
            rest = rest.slice(end + 2);
          }
        });
        response.on('error', reject);
        response.on('close', resolve);
      });
      request.on('error', reject);
      this.#wake = () => request.destroy();
    });
  }

  #takeSse(block) {
    let event = 'message';
    let data = '';
    let id;
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (line.startsWith('event:')) event = value;
      if (line.startsWith('data:')) data += value;
      if (line.startsWith('id:')) id = value;
    }
    if (event === 'message') this.#take(id, JSON.parse(data));
    if (event === 'serialized-error') this.errors.push(`SSE: ${data}`);
  }

  async #overWebSocket() {
    const socket = await RawWebSocket.open(this.pod.port, { token: this.token });
    this.connections.websocket += 1;
    this.#wake = () => socket.destroy();
    socket.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.error) {
        // The subscription has ended, and the connection has not.
        this.errors.push(`WebSocket: ${text}`);
        socket.destroy();
      }
      if (message.result?.type === 'data') this.#take(message.result.data.id, message.result.data.data);
    });
    socket.subscribe(1, 'events.watch', { lastEventId: this.#lastId });
    if (!socket.isClosed) await once(socket, 'closed');
    socket.destroy();
  }
}
