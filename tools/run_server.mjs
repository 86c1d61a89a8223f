#!/usr/bin/env node
// A pod at its server size, on this machine, from packages: PostgreSQL, an S3 server (SeaweedFS), two
// nodes on them, and before both a proxy that sends each request to the next one that is ready. For
// trying it, and for seeing what happens when something is killed; what an installation looks like is
// in docs/scaling.md.
//
//   node tools/run_server.mjs [--dir build/server] [--port 4400] [--synap build/release/bin/synap]
//
// What it stores is kept in the directory and found again by the next run.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { NodeProxy } from './node_proxy.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values: asked } = parseArgs({
  options: {
    dir: { type: 'string', default: path.join(root, 'build/server') },
    port: { type: 'string', default: '4400' },
    synap: { type: 'string', default: path.join(root, 'build/release/bin/synap') },
  },
});
const directory = path.resolve(asked.dir);
const weed = path.join(root, 'build/python-s3/bin/weed');
const say = (line) => console.log(`run-server: ${line}`);
const give_up = (line) => {
  console.error(`run-server: ${line}`);
  process.exit(1);
};
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i += 1) {
    servers.push(net.createServer().listen(0, '127.0.0.1'));
    await once(servers[i], 'listening');
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  return ports;
}

async function until(what, probe, child) {
  for (const end = Date.now() + 90_000; Date.now() < end; await sleep(100)) {
    if (await probe().catch(() => false)) return;
    if (child && child.exitCode !== null) break;
  }
  throw new Error(`${what} does not start; see ${directory}`);
}

/** Its output is in a file of this name in the directory. */
function run(name, program, args, env = {}) {
  const log = openSync(path.join(directory, `${name}.log`), 'a', 0o600);
  const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  child.on('error', (error) => give_up(`${program}: ${error.message}`));
  return child;
}

class Postgres {
  // On a socket in the directory, for whoever may read that.
  static folder = path.join(directory, 'postgres');
  static url = `postgres://synap@/synap?host=${Postgres.folder}`;

  static #programs() {
    const of = '/usr/lib/postgresql';
    const versions = existsSync(of) ? readdirSync(of).sort((a, b) => Number(b) - Number(a)) : [];
    const found = versions.map((version) => `${of}/${version}/bin`).find((bin) => existsSync(`${bin}/initdb`));
    return found ?? give_up('PostgreSQL is not installed. Run once: tools/setup.sh test');
  }
  // PostgreSQL's programs refuse to be root's.
  static #as(program, args, options) {
    const isRoot = process.getuid() === 0;
    const words = [program, ...args];
    if (isRoot) words.unshift('setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups');
    return execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/', ...options });
  }
  static start() {
    const bin = this.#programs();
    const data = path.join(this.folder, 'data');
    mkdirSync(this.folder, { recursive: true, mode: 0o711 });
    if (process.getuid() === 0) {
      const id = (flag) => Number(execFileSync('id', [flag, 'postgres']));
      chownSync(this.folder, id('-u'), id('-g'));
    }
    const isNew = !existsSync(data);
    if (isNew) this.#as(`${bin}/initdb`, ['-D', data, '-U', 'synap', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']);
    this.control = (verb) => this.#as(`${bin}/pg_ctl`, ['-D', data, '-l', path.join(this.folder, 'log'), '-w', ...verb]);
    const options = `-k ${this.folder} -c listen_addresses='' -c unix_socket_permissions=0777`;
    // One that was killed may have left its file.
    this.control(['start', '-o', options]);
    if (isNew) execFileSync(`${bin}/createdb`, ['-h', this.folder, '-U', 'synap', 'synap']);
  }
  static stop() {
    this.control?.(['stop', '-m', 'fast']);
  }
}

class Seaweed {
  static accessKey = 'synap';
  static bucket = 'synap-content';
  static async start() {
    if (!existsSync(weed)) give_up('SeaweedFS is missing. Run once: tools/pip_install.sh');
    const folder = path.join(directory, 's3');
    mkdirSync(path.join(folder, 'data'), { recursive: true, mode: 0o700 });
    this.secretFile = path.join(folder, 'secret');
    if (!existsSync(this.secretFile)) {
      const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url');
      writeFileSync(this.secretFile, `${secret}\n`, { mode: 0o600 });
    }
    const secretKey = readFileSync(this.secretFile, 'utf8').trim();
    writeFileSync(
      path.join(folder, 's3.json'),
      JSON.stringify({ identities: [{ name: 'pod', credentials: [{ accessKey: this.accessKey, secretKey }], actions: ['Admin'] }] }),
      { mode: 0o600 },
    );
    const p = await freePorts(8);
    this.endpoint = `http://127.0.0.1:${p[0]}`;
    this.child = run('s3', weed, [
      'server', `-dir=${folder}/data`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3', `-s3.config=${folder}/s3.json`,
      `-s3.port=${p[0]}`, `-s3.port.grpc=${p[1]}`, `-master.port=${p[2]}`, `-master.port.grpc=${p[3]}`,
      `-volume.port=${p[4]}`, `-volume.port.grpc=${p[5]}`, `-filer.port=${p[6]}`, `-filer.port.grpc=${p[7]}`,
      '-s3.port.iceberg=0', '-s3.port.lance=0', '-volume.max=30', '-master.volumeSizeLimitMB=128', '-master.telemetry=false',
    ]);
    const name = `http://127.0.0.1:${p[6]}/buckets/${this.bucket}/started`;
    const takesFiles = async () => (await fetch(name, { method: 'PUT', body: 'x' })).ok && (await fetch(this.endpoint)) !== null;
    await until('SeaweedFS', takesFiles, this.child);
  }
}

class PodNode {
  constructor(number, port) {
    Object.assign(this, { number, port, data: path.join(directory, `pod-${number}`), isReady: false });
  }
  start(publicUrl) {
    this.child = run(`pod-${this.number}`, asked.synap, ['serve', '--nodes', 'many', '--data', this.data, '--listen', `127.0.0.1:${this.port}`], {
      SYNAP_DATABASE: Postgres.url,
      SYNAP_NODE_NAME: `pod-${this.number}`,
      SYNAP_CONTENT: 's3',
      SYNAP_S3_ENDPOINT: Seaweed.endpoint,
      SYNAP_S3_BUCKET: Seaweed.bucket,
      SYNAP_S3_ACCESS_KEY: Seaweed.accessKey,
      SYNAP_S3_SECRET_KEY_FILE: Seaweed.secretFile,
      SYNAP_PUBLIC_URL: publicUrl,
    });
    this.child.on('exit', () => {
      if (isStopping) return;
      say(`pod ${this.number} has ended; it is started again`);
      setTimeout(() => isStopping || this.start(publicUrl), 500);
    });
  }
  #says(path) {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { signal: AbortSignal.timeout(1_000) }).then(
      (answer) => answer.status === 200,
      () => false,
    );
  }
  async look() {
    [this.isReady, this.leads] = await Promise.all([this.#says('/ready'), this.#says('/ready/leader')]);
  }
}

let isStopping = false;
const nodes = [];

async function watch() {
  for (let said; !isStopping; await sleep(200)) {
    await Promise.all(nodes.map((node) => node.look()));
    const ready = nodes.filter((node) => node.isReady);
    const now = ready.map((node) => `pod ${node.number} (process ${node.child.pid}, port ${node.port})`).join(' and ');
    if (now !== said) say(now ? `${now} ${ready.length > 1 ? 'serve' : 'serves'}` : 'no pod serves just now');
    said = now;
  }
}

async function stop(code = 0) {
  if (isStopping) process.exit(1);
  isStopping = true;
  const children = [...nodes.map((node) => node.child), Seaweed.child].filter((child) => child?.exitCode === null);
  const ended = children.map((child) => once(child, 'exit'));
  for (const node of nodes) node.child?.kill('SIGTERM');
  await Promise.race([Promise.all(ended.slice(0, nodes.length)), sleep(15_000)]);
  Seaweed.child?.kill('SIGTERM');
  await Promise.race([Promise.all(ended), sleep(5_000)]);
  for (const child of children) child.kill('SIGKILL');
  Postgres.stop();
  process.exit(code);
}
process.on('SIGINT', () => stop());
process.on('SIGTERM', () => stop());

if (!existsSync(asked.synap)) give_up(`${asked.synap} is not there; \`make run-server\` builds it`);
mkdirSync(directory, { recursive: true });
// PostgreSQL's user has to get through.
chmodSync(directory, 0o711);
try {
  Postgres.start();
  say(`PostgreSQL: ${Postgres.url}`);
  await Seaweed.start();
  say(`S3 (SeaweedFS): ${Seaweed.endpoint}, bucket ${Seaweed.bucket}`);
  const url = `http://127.0.0.1:${asked.port}`;
  const ports = await freePorts(2);
  for (const [i, port] of ports.entries()) nodes.push(new PodNode(i + 1, port));
  for (const node of nodes) {
    node.start(url);
    // The first one makes the tables and the owner.
    if (node === nodes[0]) await until('the first pod', async () => { await node.look(); return node.isReady; });
  }
  watch();
  await until('both pods', async () => nodes.every((node) => node.isReady));
  await new NodeProxy(() => nodes)
    .listen(Number(asked.port))
    .catch((error) => give_up(`port ${asked.port}: ${error.message}`));
  say(`look at it: ${url}, with the key in ${nodes[0].data}/owner.key`);
  say(`kill -9 ${nodes[0].child.pid} and go on: the other pod has all of it`);
} catch (error) {
  console.error(`run-server: ${error.message}`);
  await stop(1);
}
