// A proxy before the nodes of a pod: each request goes to the next node that is ready, and what
// belongs to calls of apps to the one that leads (docs/operations.md, "Many nodes"). The same in a
// few lines of a real one: packaging/Caddyfile.
import http from 'node:http';
import net from 'node:net';

const kOfLeader = ['/v0/connect', '/v1/checkpoint', '/v1/http', '/v1/realtime'];
const isOfLeader = (url) => kOfLeader.some((prefix) => url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`));
const kNobody = { 'retry-after': '1', 'content-length': '0' };
const kOfConnection = ['connection', 'keep-alive', 'transfer-encoding'];

const withoutConnection = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => !kOfConnection.includes(name)));

export class NodeProxy {
  #turn = 0;
  /** `nodes()`: those that there are, as { port, isReady, leads }. */
  constructor(nodes) {
    this.nodes = nodes;
    this.server = http.createServer((near, answer) => this.#pass(near, answer));
    this.server.on('upgrade', (near, socket, head) => this.#passSocket(near, socket, head));
    // Streams may be silent, and uploads long.
    this.server.requestTimeout = 0;
  }
  #nodeFor(url) {
    const ready = this.nodes().filter((node) => node.isReady && (node.leads || !isOfLeader(url)));
    return ready[this.#turn++ % ready.length];
  }
  #pass(near, answer) {
    const node = this.#nodeFor(near.url);
    if (!node) {
      answer.writeHead(503, kNobody).end();
      return;
    }
    const far = http.request({
      host: '127.0.0.1', port: node.port, method: near.method, path: near.url,
      headers: { ...near.headers, connection: 'keep-alive' },
    });
    far.on('response', (said) => {
      answer.writeHead(said.statusCode, withoutConnection(said.headers));
      answer.flushHeaders();
      said.pipe(answer);
      said.on('error', () => answer.destroy());
    });
    far.on('error', () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502, kNobody).end();
    });
    answer.on('close', () => far.destroy());
    near.pipe(far);
  }
  #passSocket(near, socket, head) {
    socket.on('error', () => {});
    const node = this.#nodeFor(near.url);
    if (!node) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const far = net.createConnection(node.port, '127.0.0.1');
    const lines = [];
    for (let i = 0; i < near.rawHeaders.length; i += 2) lines.push(`${near.rawHeaders[i]}: ${near.rawHeaders[i + 1]}\r\n`);
    far.write(`${near.method} ${near.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    far.write(head);
    far.on('error', () => socket.destroy());
    socket.on('close', () => far.destroy());
    far.on('close', () => socket.destroy());
    socket.pipe(far).pipe(socket);
  }
  /** Rejects where the port is taken. */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve(this.server.address().port));
    });
  }
  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
