// Serves the page from ui/ and hands everything else to a pod, so that the page can be changed without
// building the program:   node dev.mjs [--pod http://127.0.0.1:4400] [--listen 4401]
// It answers /session by itself: a cookie of its own stands for the key that was pasted, which it adds
// to each request as Authorization. Made for one developer on one machine, and for tests.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildPage } from './build.mjs';

const MOUNTS = ['/trpc', '/api', '/openapi.json', '/metrics', '/health', '/ready'];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
// What the pod sends with the page.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
const COOKIE = 'synap-dev';

const isMount = (path) => MOUNTS.some((mount) => path === mount || path.startsWith(`${mount}/`));
const json = (response, status, body, headers = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(body === undefined ? '' : JSON.stringify(body));

/** Who this key belongs to, as far as the pod tells; undefined if it is not valid. */
async function userOf(pod, key) {
  const headers = { authorization: `Bearer ${key}` };
  const keys = await fetch(`${pod}/trpc/keys.list`, { headers });
  if (keys.status !== 200) return undefined;
  const users = await fetch(`${pod}/trpc/users.list`, { headers });
  if (users.status !== 200) return { id: '', name: 'member', role: 'member' };
  const [first] = (await users.json()).result.data.users;
  return { id: first.id, name: first.name, role: 'owner' };
}

/** Serves the page for the pod at `pod`; with `folder`, one that is already built. */
export async function serveForDevelopment({ pod, port = 0, folder, rebuild = false }) {
  const dist = folder ?? fileURLToPath(new URL('dist', import.meta.url));
  if (!folder) await buildPage(dist);
  const sessions = new Map();
  const { hostname, port: podPort } = new URL(pod);

  const sessionOf = (request) => {
    const id = /(?:^|;\s*)synap-dev=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    return sessions.get(id) && { id, ...sessions.get(id) };
  };
  const onward = (request) => {
    const headers = { ...request.headers, host: `${hostname}:${podPort}` };
    delete headers.origin;
    delete headers.cookie;
    const session = sessionOf(request);
    if (session) headers.authorization = `Bearer ${session.key}`;
    return { hostname, port: podPort, method: request.method, path: request.url, headers };
  };

  async function answerSession(request, response) {
    const session = sessionOf(request);
    const tell = ({ id, user }) => ({
      user,
      session: id,
      pod: { name: 'development', version: 'dev' },
    });
    if (request.method === 'GET') {
      if (session) return json(response, 200, tell(session));
      return json(response, 401, { message: 'Nobody is signed in' });
    }
    if (!request.headers['synap-page'])
      return json(response, 403, { message: 'No synap-page header' });
    if (request.method === 'DELETE') {
      for (const socket of session?.sockets ?? []) socket.destroy();
      sessions.delete(session?.id);
      return json(response, 204);
    }
    const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const user = key && (await userOf(pod, key));
    if (!user) return json(response, 401, { message: 'This key is not valid' });
    const id = randomBytes(16).toString('hex');
    sessions.set(id, { key, user, sockets: new Set() });
    const cookie = `${COOKIE}=${id}; HttpOnly; SameSite=Strict; Path=/`;
    return json(response, 200, tell({ id, user }), { 'set-cookie': cookie });
  }

  async function answerFile(path, response) {
    if (rebuild && path === '/') await buildPage(dist);
    // A deep link may have a dot in it (/catalogue/notes.create): only names of files are files.
    const isFile = extname(path) in TYPES && !path.slice(1).includes('/');
    const name = isFile ? path.slice(1) : 'index.html';
    const bytes = await readFile(join(dist, name)).catch(() => undefined);
    if (!bytes) return json(response, 404, { message: 'No such file' });
    const headers = { 'content-type': TYPES[extname(name)], 'content-security-policy': POLICY };
    return response.writeHead(200, { ...headers, 'cache-control': 'no-cache' }).end(bytes);
  }

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/session') {
      answerSession(request, response).catch((error) =>
        json(response, 500, { message: String(error) }),
      );
    } else if (isMount(pathname)) {
      const forward = httpRequest(onward(request), (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        // A stream of a pod that is gone has no end.
        answer.on('close', () => answer.complete || response.destroy());
      });
      forward.on('error', () =>
        response.headersSent
          ? response.destroy()
          : json(response, 502, { message: 'The pod does not answer' }),
      );
      response.on('close', () => forward.destroy());
      request.pipe(forward);
    } else {
      answerFile(pathname, response).catch((error) =>
        json(response, 500, { message: String(error) }),
      );
    }
  });
  server.on('upgrade', (request, socket, head) => {
    const { sockets } = sessionOf(request) ?? {};
    sockets?.add(socket);
    socket.on('close', () => sockets?.delete(socket));
    const forward = httpRequest(onward(request));
    socket.on('error', () => forward.destroy());
    forward.on('upgrade', (answer, podSocket, podHead) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      socket.write(podHead);
      podSocket.write(head);
      podSocket.on('error', () => socket.destroy());
      podSocket.on('close', () => socket.destroy());
      socket.on('close', () => podSocket.destroy());
      podSocket.pipe(socket).pipe(podSocket);
    });
    forward.on('response', () => socket.destroy());
    forward.on('error', () => socket.destroy());
    forward.end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => (server.close(), server.closeAllConnections()),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      pod: { type: 'string', default: 'http://127.0.0.1:4400' },
      listen: { type: 'string', default: '4401' },
    },
  });
  const { url } = await serveForDevelopment({
    pod: values.pod,
    port: Number(values.listen),
    rebuild: true,
  });
  console.log(`page: ${url}, of the pod ${values.pod}; it is built again with each load`);
}
