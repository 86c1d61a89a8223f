// A PostgreSQL server that a test may stop, kill and cut off: one of its own (tests/postgres/server.sh),
// and a proxy in front of it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cleanUp } from './pod.mjs';

const script = fileURLToPath(new URL('../postgres/server.sh', import.meta.url));
const run = promisify(execFile);

export class Server {
  /** Started, with a database `pod` that belongs to a role `pod` which is no superuser. */
  static async make(t, name = '') {
    const server = Server.#at(t, name);
    await server.do('start');
    await server.sql("CREATE ROLE pod LOGIN CREATEROLE", 'postgres');
    await server.sql('CREATE DATABASE pod OWNER pod', 'postgres');
    return server;
  }

  /** From now on what it stores is on a disk of so many MB: fill() takes all that is left, free() gives it back.
   *  Only root can mount one. */
  async moveToSmallDisk(t, mb) {
    const [data, disk] = ['data', 'disk'].map((name) => path.join(this.directory, name));
    await this.sql("ALTER SYSTEM SET max_wal_size = '64MB'", 'postgres');
    await this.sql("ALTER SYSTEM SET min_wal_size = '32MB'", 'postgres');
    await this.sql('CHECKPOINT', 'postgres');
    await this.do('kill');
    await run('mkdir', [disk]);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mb}m,mode=0700`, 'tmpfs', disk]);
    cleanUp(t, () => execFileSync('umount', ['-l', disk]));
    await run('cp', ['-a', data, `${disk}/data`]);
    await run('chown', ['--reference', data, disk]);
    await run('rm', ['-rf', data]);
    await run('ln', ['-s', `${disk}/data`, data]);
    await this.do('again');
    const ballast = path.join(disk, 'ballast');
    return {
      fill: () => run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k']).catch(() => {}),
      free: () => rmSync(ballast, { force: true }),
    };
  }

  /** Where it has ended, as one does whose log of changes has no room, it is started, as its service would be. */
  async revive() {
    try {
      await this.sql('SELECT 1', 'postgres');
    } catch {
      await this.do('kill').catch(() => {});
      await this.do('again');
    }
  }

  /** Its standby, which each of its commits waits for. */
  static async standbyOf(t, primary, name) {
    const server = Server.#at(t, name);
    await server.become(primary);
    return server;
  }

  static #at(t, name) {
    const server = new Server();
    // A socket's path is short.
    server.directory = `/tmp/synap-pgfault-${process.pid}${name}`;
    cleanUp(t, () => {
      server.go();
      execFileSync(script, ['stop', server.directory]);
    });
    return server;
  }

  /** What it was before is gone. */
  become(primary) { return run(script, ['standby', this.directory, primary.directory]); }

  get socket() { return path.join(this.directory, '.s.PGSQL.5432'); }
  do(verb) { return run(script, [verb, this.directory]); }

  /** What psql says, as a superuser who may always write. */
  async sql(text, database = 'pod') {
    const { stdout } = await run('psql', ['-X', '-A', '-t', '-h', this.directory, '-U', 'synap', '-d', database, '-c', text], {
      env: { ...process.env, PGOPTIONS: '-c default_transaction_read_only=off' },
    });
    return stdout.trim();
  }

  terminateAll() {
    return this.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'pod'", 'postgres');
  }

  #signal(name) {
    let postmaster;
    try {
      postmaster = Number(readFileSync(path.join(this.directory, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
      const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
      for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) process.kill(pid, name);
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }
  /** All its processes stand still. */
  halt() { this.#signal('SIGSTOP'); }
  go() { this.#signal('SIGCONT'); }
}

/** PgBouncer before it, which lends its connections for a transaction: what it is told goes to its own socket. */
export class Pooler {
  static async make(t, server) {
    const pooler = new Pooler();
    const file = path.join(server.directory, 'pgbouncer.ini');
    writeFileSync(file, [
      '[databases]', `* = host=${server.directory}`, '[pgbouncer]', 'pool_mode = transaction', 'auth_type = trust',
      `auth_file = ${server.directory}/users`, 'listen_addr =', 'listen_port = 6432', `unix_socket_dir = ${server.directory}`,
      'default_pool_size = 6', 'server_login_retry = 0.1', 'log_connections = 0', 'log_disconnections = 0', '',
    ].join('\n'));
    writeFileSync(path.join(server.directory, 'users'), '"pod" ""\n');
    const words = ['pgbouncer', '-q', file];
    if (process.getuid() === 0) words.unshift('setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups');
    const child = spawn(words[0], words.slice(1), { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
    cleanUp(t, () => child.kill('SIGKILL'));
    pooler.socket = path.join(server.directory, '.s.PGSQL.6432');
    while (!existsSync(pooler.socket)) await new Promise((resolve) => { setTimeout(resolve, 20); });
    return pooler;
  }
}

/** A way to the server over TCP that can be made worse. */
export class Proxy {
  #pairs = new Set();
  #mode = 'pass';
  delayMs = 0;

  static async make(t, server) {
    const proxy = new Proxy();
    proxy.listener = net.createServer({ allowHalfOpen: true }, (near) => proxy.#join(near, server.socket));
    await new Promise((resolve) => { proxy.listener.listen(0, '127.0.0.1', resolve); });
    proxy.port = proxy.listener.address().port;
    cleanUp(t, () => {
      proxy.pass();
      proxy.listener.close();
      proxy.cutAll();
    });
    return proxy;
  }

  #join(near, socket) {
    if (this.#mode === 'cut') return near.destroy();
    const far = net.connect({ path: socket, allowHalfOpen: true });
    const pair = { near, far, isDeaf: false };
    this.#pairs.add(pair);
    const end = () => {
      // What is swallowed is not seen by the other side, not even an end.
      if (this.#mode === 'swallow') return;
      near.destroy();
      far.destroy();
      this.#pairs.delete(pair);
    };
    const forward = (from, to, isAnswer) => {
      from.on('data', (bytes) => {
        if (this.#mode === 'swallow' || (pair.isDeaf && isAnswer)) return;
        if (this.delayMs) setTimeout(() => { if (!to.destroyed) to.write(bytes); }, this.delayMs);
        else if (!to.destroyed) to.write(bytes);
      });
      for (const sign of ['end', 'error', 'close']) from.on(sign, end);
    };
    forward(near, far, false);
    forward(far, near, true);
  }

  cutAll() {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }
  /** Nobody gets through, and everybody is told. */
  cut() {
    this.#mode = 'cut';
    this.cutAll();
  }
  /** Nobody gets through, and nobody is told. */
  swallow() { this.#mode = 'swallow'; }
  /** All is well again; what was swallowed is gone, and who was cut off has to come again. */
  pass() {
    if (this.#mode === 'swallow') this.cutAll();
    this.#mode = 'pass';
    this.delayMs = 0;
  }
  /** The server hears what it is told, and its answers are lost; then the connections are. */
  async loseAnswers(ms) {
    const pairs = [...this.#pairs];
    for (const pair of pairs) pair.isDeaf = true;
    await new Promise((resolve) => { setTimeout(resolve, ms); });
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  }
}
