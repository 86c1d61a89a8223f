// WebSocket, frame by frame.
import assert from 'node:assert/strict';
import test from 'node:test';
import { withoutParserTexts } from './compare.mjs';
import { servers, within } from './harness.mjs';
import { Socket, call, isStopped, stop } from './wire.mjs';

const byId = (a, b) => JSON.stringify(a.id ?? null).localeCompare(JSON.stringify(b.id ?? null));

/** Runs `script(socket)` on both servers; what it yields must be the same. Yields ours. */
async function sameTalk(script, { switches, open } = {}) {
  const { both } = await servers(switches);
  const [theirs, mine] = await Promise.all(
    both.map(async (server) => {
      const socket = await Socket.open(server, open);
      try {
        return withoutParserTexts(await script(socket, server));
      } finally {
        await socket.close();
      }
    }),
  );
  assert.deepEqual(mine, theirs);
  return mine;
}

/**
 * What is answered, without regard to the order of the calls. Calls overtake each other, so one
 * more call proves nothing about those sent with it; one after its answer does.
 */
const saying = (...frames) => async (socket) => {
  socket.send(...frames);
  await socket.fence();
  return (await socket.fence()).toSorted(byId);
};

test('49 ids come back as they were, jsonrpc is echoed, undefined has no data', async () => {
  const answers = await sameTalk(
    saying(
      call(1, 'query', 'hello', { name: 'a' }),
      call('s', 'query', 'hello'),
      call(0, 'query', 'undef'),
      call(-1.5, 'query', 'nul'),
      call('', 'query', 'zero'),
      { jsonrpc: '2.0', ...call(7, 'query', 'noInput') },
      { jsonrpc: '2.0', ...call(8, 'query', 'nope') },
      call('"q\\', 'mutation', 'post.create', { title: 't' }),
      call(10, 'mutation', 'undefMut'),
      call(11, 'query', 'echo', null),
      call(12, 'query', 'unicode'),
    ),
  );
  assert.deepEqual(answers.find(({ id }) => id === 0), { id: 0, result: { type: 'data' } });
});

test('50 a batch is answered in one frame for each call', async () => {
  const answers = await sameTalk(saying([call(1, 'query', 'hello'), call(2, 'query', 'noInput')]));
  assert.equal(answers.length, 2);
  await sameTalk(saying('[]'));
  await sameTalk(saying([call(1, 'query', 'hello'), { id: 2 }]));
  await sameTalk(saying([call(1, 'query', 'hello'), call(null, 'query', 'hello')]));
});

test('51 errors have their path; a wrong kind is NOT_FOUND here', async () => {
  await sameTalk(
    saying(
      call(1, 'query', 'nope'),
      call(2, 'mutation', 'hello'),
      call(3, 'subscription', 'hello'),
      call(4, 'query', 'sub.plain'),
      call(5, 'query', 'greet', { name: 'x' }),
      call(6, 'query', 'crash'),
      call(7, 'query', 'fail', { code: 'CONFLICT' }),
      call(8, 'query', 'stream'),
      call(9, 'query', '__proto__'),
    ),
  );
  await sameTalk(saying(call(1, 'query', 'greet', { name: 'x' }), call(2, 'query', 'nope')), {
    switches: { FMT: '1' },
  });
});

test('52 what is no message is told so, and the connection stays', async () => {
  const answers = await sameTalk(async (socket) => {
    socket.send('garbage', '{}', call(null, 'query', 'hello'), call(4, 'query', 'hello'));
    return socket.take(4);
  });
  assert.deepEqual(answers.map(({ error }) => error?.code), [-32700, -32700, -32700, undefined]);
  for (const frame of [
    '', 'null', '5', '"x"', '{"id":1}', '{"id":{},"method":"query"}', '{"id":true,"method":"query"}',
    '{"id":1,"jsonrpc":"1.0","method":"query","params":{"path":"hello"}}',
    '{"id":1,"jsonrpc":null,"method":"query","params":{"path":"hello"}}',
    '{"id":1,"method":"nope","params":{"path":"hello"}}',
    '{"id":1,"method":"query"}', '{"id":1,"method":"query","params":[]}',
    '{"id":1,"method":"query","params":{}}', '{"id":1,"method":"query","params":{"path":5}}',
    '{"id":1,"method":"query","params":{"path":"hello","lastEventId":null}}',
    '{"id":1,"method":"query","params":{"path":"hello","lastEventId":5}}',
    '{"method":"subscription.stop"}', '{"id":null,"method":"subscription.stop"}',
    '{"id":null,"jsonrpc":"2.0","method":"query","params":{"path":"hello"}}',
    '{"id":1,"method":"query","params":{"path":"hello","input":{"name":1}}}', '[[]]', '[null]',
  ]) {
    await sameTalk(saying(frame));
  }
});

test('52 a binary frame is no message', async () => {
  const { ours } = await servers();
  const socket = await Socket.open(ours);
  socket.ws.send(Buffer.from(JSON.stringify(call(1, 'query', 'hello'))));
  const [refused] = await socket.fence();
  assert.equal(refused.error.code, -32700);
  assert.equal(refused.id, null);
  await socket.close();
});

test('53 PING is answered with PONG, PONG with nothing', async () => {
  assert.deepEqual(
    await sameTalk(async (socket) => {
      socket.send('PONG', 'PING', 'PONG');
      await socket.take(1);
      return socket.fence();
    }),
    ['PONG'],
  );
});

const untilStopped = (id, ...frames) => async (socket) => {
  socket.send(...frames);
  return socket.until((messages) => messages.some(isStopped(id)), 'stopped');
};

test('54 a subscription starts, gives data and stops; its ids are inside and outside', async () => {
  await sameTalk(untilStopped(6, call(6, 'subscription', 'sub.plain', { to: 2 })));
  await sameTalk(untilStopped('a', { jsonrpc: '2.0', ...call('a', 'subscription', 'sub.count', { to: 3 }) }));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.count', { to: 6 }, { lastEventId: '4' })));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.count', { to: 6, lastEventId: '1' }, { lastEventId: '4' })));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.mixed', undefined, { lastEventId: '4' })));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.mixed')));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.undef')));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.noinput', { a: 1 })));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.obs')));
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.date')));
  await sameTalk(saying(call(1, 'subscription', 'sub.notiter'), call(2, 'subscription', 'sub.count', {})));
});

const isData = (id) => (message) => message.id === id && message.result?.type === 'data';

test('55 a stop is answered with stopped, after which there is no more data and the id is free', async () => {
  await sameTalk(async (socket, server) => {
    const from = server.lines.length;
    socket.send(call(1, 'subscription', 'sub.forever'));
    await socket.until((messages) => messages.filter(isData(1)).length >= 2, 'data');
    socket.send(stop(1));
    await socket.until((messages) => messages.some(isStopped(1)), 'stopped');
    await server.said('forever finally', { from });
    assert.ok(isStopped(1)((await socket.fence()).at(-1)), 'stopped is the last word');
    socket.messages = [];
    socket.send(call(1, 'subscription', 'sub.plain', { to: 1 }));
    return socket.until((messages) => messages.some(isStopped(1)), 'stopped again');
  });
  // A stop right behind its subscription.
  const { ours } = await servers();
  const socket = await Socket.open(ours);
  socket.send(call(1, 'subscription', 'sub.idle'), stop(1), stop(1));
  await socket.until((messages) => messages.some(isStopped(1)), 'stopped');
  assert.equal((await socket.fence()).filter(isStopped(1)).length, 1);
  await socket.close();
});

test('56 a stop of what is not there is answered with silence', async () => {
  assert.deepEqual(await sameTalk(saying(stop(77), stop('x'), { ...stop(5), jsonrpc: '2.0' })), []);
});

test('57 a second subscription of one id is refused and the first goes on', async () => {
  await sameTalk(async (socket) => {
    socket.send(call(1, 'subscription', 'sub.plain', { to: 4, ms: 40 }));
    await socket.take(2);
    socket.send(call(1, 'subscription', 'sub.plain', { to: 1 }));
    return socket.until((messages) => messages.some(isStopped(1)), 'stopped');
  });
  await sameTalk(async (socket) => {
    socket.send(call('x', 'subscription', 'sub.idle'), call('x', 'subscription', 'sub.idle'));
    const said = await socket.take(3);
    return said.map(({ error, result }) => error?.message ?? result.type).toSorted();
  });
  // Numbers and strings are different ids, and a query may share one.
  await sameTalk(async (socket) => {
    socket.send(call(1, 'subscription', 'sub.idle'), call('1', 'subscription', 'sub.idle'));
    await socket.take(4);
    socket.send(call(1, 'query', 'noInput'));
    return (await socket.take(5)).toSorted(byId);
  });
});

test('58 an error after the start is followed by stopped, one before is not', async () => {
  await sameTalk(untilStopped(1, call(1, 'subscription', 'sub.fail', { code: 'CONFLICT' })));
  const refused = await sameTalk(saying(call(1, 'subscription', 'sub.failNow', { code: 'CONFLICT' })));
  assert.equal(refused.length, 1);
});

test('59 a PONG comes behind what was produced before its PING, a stop\'s stopped included', async () => {
  // The official server promises this too, but may answer a PING that comes in the same segment
  // as the stop before it; its own client waits for the PONG, so we do not.
  const { ours } = await servers();
  for (const path of ['sub.idle', 'sub.forever']) {
    const socket = await Socket.open(ours);
    socket.send(call(1, 'subscription', path));
    await socket.take(2);
    socket.send(stop(1), 'PING');
    const said = await socket.until((messages) => messages.includes('PONG'), 'PONG');
    assert.equal(said.findIndex(isStopped(1)), said.indexOf('PONG') - 1);
    await socket.close();
  }
});

test('60 connectionParams come first, make the context, and end the connection if they are wrong', async () => {
  const open = { query: '?connectionParams=1' };
  const params = (data) => ({ method: 'connectionParams', data });
  const whoami = call(1, 'query', 'whoami');
  const talk = (...frames) =>
    sameTalk(
      async (socket) => {
        socket.send(...frames);
        return socket.take(frames.filter((frame) => frame.id || frame === 'PING').length);
      },
      { open },
    );
  await talk(params({ token: 'x' }), whoami);
  await talk('PING', params(null), whoami);
  await talk(params({}), whoami, whoami);
  for (const frame of [params({ token: 'bad' }), params({ a: 1 }), params([]), params(), 'garbage', '[]', '5', {}]) {
    const told = await sameTalk(
      async (socket) => {
        socket.send(frame);
        const code = await within(3000, socket.closed, 'closed');
        return { messages: socket.messages, code };
      },
      { open },
    );
    assert.equal(told.messages[0].id, null);
    assert.equal(told.code, 1005);
  }
  // Not announced: an ordinary message, and none that is known.
  await sameTalk(saying(params({ token: 'x' })));
  await sameTalk(saying(whoami), { open: { query: '?connectionParams=0' } });
  await sameTalk(saying(whoami), { open: { headers: { authorization: 'Bearer x' } } });
});

test('60 calls that waited for a context that could not be made are answered too', async () => {
  await sameTalk(
    async (socket) => {
      await within(3000, socket.closed, 'closed');
      return socket.messages[0];
    },
    { open: { headers: { 'x-fail-ctx': '1' } } },
  );
  const { ours } = await servers();
  const socket = await Socket.open(ours, { query: '?connectionParams=1' });
  socket.send({ method: 'connectionParams', data: { token: 'bad' } }, call(5, 'query', 'hello'));
  await within(3000, socket.closed, 'closed');
  assert.deepEqual(socket.messages.map(({ id, error }) => [id, error.message]), [
    [null, 'bad token'],
    [5, 'bad token'],
  ]);
});

test('64 clients can be asked to reconnect', async () => {
  const told = await sameTalk(
    async (socket, server) => {
      await socket.fence();
      server.child.kill('SIGUSR2');
      return socket.take(1);
    },
    { switches: { KAPING: '1' } },
  );
  assert.deepEqual(told, [{ id: null, method: 'reconnect' }]);
});

test('65 a client that answers no PING is dropped, one that does stays', async () => {
  const { both } = await servers({ KA: '1', KAPING: '100' });
  await Promise.all(
    both.map(async (server) => {
      const silent = await Socket.open(server);
      const lively = await Socket.open(server);
      lively.ws.on('message', (data) => data.toString() === 'PING' && lively.send('PONG'));
      assert.equal(await within(2000, silent.closed, 'dropped'), 1006, server.name);
      assert.deepEqual(silent.messages, ['PING']);
      await lively.until((messages) => messages.length >= 3, 'three PINGs');
      assert.equal(lively.code, undefined);
      await lively.close();
    }),
  );
});

test('68 the subscriptions of a connection that drops are stopped, and its queries', async () => {
  const { both } = await servers();
  for (const server of both) {
    const from = server.lines.length;
    const socket = await Socket.open(server);
    socket.send(call(1, 'subscription', 'sub.forever'), call(2, 'subscription', 'sub.forever'));
    if (server.name === 'ours') socket.send(call(3, 'query', 'slow', { ms: 5000 }));
    await socket.until((messages) => messages.filter(isData(2)).length >= 1, 'data');
    await socket.close();
    await server.said('forever ABORT', { times: 2, from });
    await server.said('forever finally', { times: 2, from });
    // The official server lets a query run on.
    if (server.name === 'ours') await server.said('ABORTED slow', { from });
  }
});

test('69 an array of more calls than allowed is refused, each by its id', async () => {
  const switches = { MAXBATCH: '3' };
  const hello = (id) => call(id, 'query', 'hello');
  await sameTalk(saying([1, 2, 3].map(hello)), { switches });
  await sameTalk(saying([1, 2, 3, 'd'].map(hello)), { switches });
  await sameTalk(saying([{ ...hello(1), jsonrpc: '2.0' }, stop(2), 5, { id: null }]), { switches });
  await sameTalk(saying([stop(1), stop(2), stop(3), 5]), { switches });
});

test('a query that is slow does not hold up the others', async () => {
  const { ours } = await servers();
  const socket = await Socket.open(ours);
  socket.send(call(1, 'query', 'slow', { ms: 200 }), call(2, 'query', 'slow', { ms: 50 }), call(3, 'query', 'hello'));
  assert.deepEqual((await socket.take(3)).map(({ id }) => id), [3, 2, 1]);
  await socket.close();
});

test('a server that stops asks its clients to come back and does not say stopped', async () => {
  const switches = { KAPING: '2' };
  const { ours } = await servers(switches);
  const socket = await Socket.open(ours);
  socket.send(call(1, 'subscription', 'sub.forever'));
  await socket.take(2);
  ours.child.kill('SIGTERM');
  assert.equal(await within(5000, socket.closed, 'closed'), 1001);
  assert.deepEqual(socket.messages.at(-1), { id: null, method: 'reconnect' });
  assert.ok(!socket.messages.some(isStopped(1)));
});
