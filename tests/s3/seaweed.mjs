// A real S3 server for the tests of the program: SeaweedFS on free ports, which can be killed and started
// again over the same data. It makes its bucket with the first object.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../build/python-s3/bin/weed', import.meta.url));
export const accessKey = 'test-access';
export const secretKey = 'test/secret+with=signs';
const bucket = 'pod-content';

async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i += 1) {
    const server = net.createServer().listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  return ports;
}

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

export class Seaweed {
  static async make(t, folder) {
    if (!existsSync(program)) throw new Error('SeaweedFS is missing; run once: tools/pip_install.sh');
    const server = new Seaweed();
    server.folder = folder;
    mkdirSync(path.join(folder, 'data'), { recursive: true });
    writeFileSync(path.join(folder, 's3.json'), JSON.stringify({
      identities: [{ name: 'pod', credentials: [{ accessKey, secretKey }], actions: ['Admin'] }],
    }));
    server.ports = await freePorts(8);
    t.after(() => server.kill());
    await server.start();
    return server;
  }

  get endpoint() { return `http://127.0.0.1:${this.ports[0]}`; }

  /** What a pod is to be told, by the environment; the secret by a file. */
  get environment() {
    const file = path.join(this.folder, 'secret');
    writeFileSync(file, `${secretKey}\n`, { mode: 0o600 });
    return {
      SYNAP_CONTENT: 's3',
      SYNAP_S3_ENDPOINT: this.endpoint,
      SYNAP_S3_BUCKET: bucket,
      SYNAP_S3_PREFIX: 'pods/a/',
      SYNAP_S3_ACCESS_KEY: accessKey,
      SYNAP_S3_SECRET_KEY_FILE: file,
    };
  }

  /** Where an object is in the server's own interface, past S3 and its keys. */
  object(name) { return `http://127.0.0.1:${this.ports[6]}/buckets/${bucket}/pods/a/${name}`; }

  async start() {
    const p = this.ports;
    const log = openSync(path.join(this.folder, 'log'), 'a');
    this.child = spawn(program, ['server', `-dir=${path.join(this.folder, 'data')}`,
      '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3', `-s3.config=${path.join(this.folder, 's3.json')}`,
      `-s3.port=${p[0]}`, `-s3.port.grpc=${p[1]}`, `-master.port=${p[2]}`, `-master.port.grpc=${p[3]}`,
      `-volume.port=${p[4]}`, `-volume.port.grpc=${p[5]}`, `-filer.port=${p[6]}`, `-filer.port.grpc=${p[7]}`,
      '-s3.port.iceberg=0', '-s3.port.lance=0', '-volume.max=30', '-master.volumeSizeLimitMB=128',
      '-master.telemetry=false'], { stdio: ['ignore', log, log] });
    children.add(this.child);
    this.ended = once(this.child, 'exit');
    const end = performance.now() + 60_000;
    for (;;) {
      // Some of it is there before the rest: it must take a file.
      const name = this.object('started');
      const put = await fetch(name, { method: 'PUT', body: 'x' }).catch(() => undefined);
      const s3 = await fetch(this.endpoint).catch(() => undefined);
      if (put?.ok && s3) {
        await fetch(name, { method: 'DELETE' });
        return;
      }
      if (this.child.exitCode !== null || performance.now() > end) {
        throw new Error(`SeaweedFS does not start: ${readFileSync(path.join(this.folder, 'log'), 'utf8').slice(-2000)}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
    children.delete(this.child);
  }
}
