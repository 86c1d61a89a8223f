// A way to a PostgreSQL server that counts what goes by it: transactions, statements outside of one
// included, and what was asked in each.
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes of one direction, passed on a message of PostgreSQL's protocol 3.0 at a time, if `hear` does not say false. */
function messages(to, hear, { hasStartup }) {
  let rest = Buffer.alloc(0);
  let isStartup = hasStartup;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const head = isStartup ? 0 : 1;
      if (rest.length < head + 4) return;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return;
      const passes = hear(isStartup ? 'startup' : String.fromCharCode(rest[0]), rest.subarray(head + 4, end));
      if (passes !== false) to.write(rest.subarray(0, end));
      rest = rest.subarray(end);
      isStartup = false;
    }
  };
}
const texts = (body) => body.toString('latin1').split('\0');

/** Transactions that have ended since the last look, each the statements that it was made of. */
export class CountedServer {
  #ended = [];
  #sockets = new Set();
  /** Whether NOTIFY reaches those who listen. */
  tells = true;

  /** Before the server of this URL, which listens on a socket of its machine. */
  static async before(url) {
    const counted = new CountedServer();
    const host = new URL(url.replace('@/', '@localhost/')).searchParams.get('host');
    counted.directory = await mkdtemp(join(tmpdir(), 'synap-counted-'));
    counted.url = url.replace(host, counted.directory);
    counted.server = createServer((near) => counted.#pass(near, `${host}/.s.PGSQL.5432`));
    await new Promise((resolve) => counted.server.listen(join(counted.directory, '.s.PGSQL.5432'), resolve));
    return counted;
  }

  #pass(near, path) {
    const far = createConnection(path);
    const prepared = new Map();
    let of = '';
    let asked = [];
    let isBegun = false;
    const hearClient = messages(
      far,
      (type, body) => {
        const [first, second] = texts(body);
        if (type === 'startup') of = /application_name\0([^\0]*)/.exec(body.toString('latin1'))?.[1] ?? '';
        if (type === 'P') prepared.set(first, second);
        if (type === 'B') asked.push(prepared.get(second));
        if (type === 'Q') asked.push(first);
        return true;
      },
      { hasStartup: true },
    );
    const hearServer = messages(
      near,
      (type, body) => {
        if (type === 'A') return this.tells;
        if (type !== 'Z' || body[0] !== 'I'.charCodeAt(0)) return true;
        // The first is that of a session that has begun; a statement may be prepared beside one.
        if (isBegun && asked.length > 0) this.#ended.push({ of, asked });
        isBegun = true;
        asked = [];
        return true;
      },
      { hasStartup: false },
    );
    for (const [one, other, hear] of [[near, far, hearClient], [far, near, hearServer]]) {
      this.#sockets.add(one);
      one.on('data', hear);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  take() {
    return this.#ended.splice(0);
  }
  async close() {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
