// A WebSocket client that does as it is told, rules of RFC 6455 or not: what is sent and when it is
// read is up to the test.
import crypto from 'node:crypto';
import { EventEmitter } from 'node:events';
import net from 'node:net';
import { within } from './pod.mjs';

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;

/** A masked frame. `lies` may claim another length or opcode than is true. */
export function frame(payload, { opcode = TEXT, fin = true, length, masked = true, rsv = 0 } = {}) {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const head = size < 126 ? Buffer.alloc(2) : size < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (size < 126) {
    head[1] = size;
  } else if (size < 65536) {
    head[1] = 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  head[1] |= 0x80;
  const mask = crypto.randomBytes(4);
  const out = Buffer.from(data);
  for (let i = 0; i < out.length; ++i) out[i] ^= mask[i & 3];
  return Buffer.concat([head, mask, out]);
}

/** Emits 'message' (text), 'closed' ({code}) and nothing else. */
export class RawWebSocket extends EventEmitter {
  #in = Buffer.alloc(0);
  isClosed = false;

  static open(port, { token, query = '', ms = 10_000 } = {}) {
    const socket = new RawWebSocket();
    return within(ms, new Promise((resolve, reject) => {
      socket.tcp = net.connect(port, '127.0.0.1');
      socket.tcp.setNoDelay(true);
      const authorization = token ? `Authorization: Bearer ${token}\r\n` : '';
      socket.tcp.write(`GET /trpc${query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n`
        + `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${authorization}`
        + `Sec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n\r\n`);
      let head = Buffer.alloc(0);
      const onHead = (chunk) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.tcp.off('data', onHead);
        if (!head.toString().startsWith('HTTP/1.1 101')) {
          return reject(new Error(`no upgrade: ${head.toString().slice(0, 300)}`));
        }
        resolve(socket);
        socket.tcp.on('data', (more) => socket.#take(more));
        socket.#take(head.subarray(end + 4));
      };
      socket.tcp.on('data', onHead);
      socket.tcp.on('error', (error) => { reject(error); });
      socket.tcp.on('close', () => {
        reject(new Error('closed before it was open'));
        socket.#close(1006);
      });
    }), 'a WebSocket opens');
  }

  #close(code) {
    if (this.isClosed) return;
    this.isClosed = true;
    this.emit('closed', { code });
  }

  #take(chunk) {
    this.#in = this.#in.length ? Buffer.concat([this.#in, chunk]) : chunk;
    for (;;) {
      const data = this.#in;
      if (data.length < 2) return;
      let size = data[1] & 0x7f;
      let at = 2;
      if (size === 126) {
        if (data.length < 4) return;
        size = data.readUInt16BE(2);
        at = 4;
      } else if (size === 127) {
        if (data.length < 10) return;
        size = Number(data.readBigUInt64BE(2));
        at = 10;
      }
      if (data.length < at + size) return;
      const payload = data.subarray(at, at + size);
      const opcode = data[0] & 0x0f;
      this.#in = data.subarray(at + size);
      if (opcode === TEXT) this.emit('message', payload.toString());
      if (opcode === PING) this.tcp.write(frame(payload, { opcode: 10 }));
      if (opcode === CLOSE) {
        this.tcp.end(frame(payload, { opcode: CLOSE }));
        this.#close(size >= 2 ? payload.readUInt16BE(0) : 1005);
      }
    }
  }

  raw(bytes) { this.tcp.write(bytes); }
  send(value) { this.raw(frame(typeof value === 'string' ? value : JSON.stringify(value))); }
  subscribe(id, path, input) {
    this.send({ id, method: 'subscription', params: { path, input } });
  }

  /** The next message for which `accepts` is true. */
  next(accepts = () => true, ms = 10_000, what = 'a message over the WebSocket') {
    return within(ms, new Promise((resolve, reject) => {
      const done = (settle, value) => {
        this.off('message', onMessage);
        this.off('closed', onClosed);
        settle(value);
      };
      const onMessage = (text) => {
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          json = text;
        }
        if (accepts(json)) done(resolve, json);
      };
      const onClosed = ({ code }) => done(reject, new Error(`closed with ${code} before ${what}`));
      this.on('message', onMessage);
      this.on('closed', onClosed);
      if (this.isClosed) onClosed({ code: 0 });
    }), what);
  }

  closed(ms = 10_000) {
    if (this.isClosed) return Promise.resolve();
    return within(ms, new Promise((resolve) => { this.once('closed', resolve); }), 'the WebSocket is closed');
  }

  destroy() { this.tcp.destroy(); }
}
