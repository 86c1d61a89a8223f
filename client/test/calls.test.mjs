// Where calls go and how.
import assert from 'node:assert/strict';
import vm from 'node:vm';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { TRPCError } from '@trpc/server';

import { createSynapClient, isSynapError, messageOf } from '@synap/client';
import { eventSchemas, inputSchemas } from '@synap/client/schemas';

import { FakePod, within } from './fake-pod.mjs';

describe('calls', () => {
  let pod;
  beforeEach(async () => {
    pod = await FakePod.start();
  });
  afterEach(() => pod.stop());

  test('the URL may be the pod or its endpoint, with or without a slash', async () => {
    for (const tail of ['', '/', '/trpc', '/trpc/']) {
      const client = createSynapClient({ url: pod.url + tail, key: 'key' });
      assert.deepEqual(await client.notes.get.query({ id: 'a' }), { id: 'a' }, tail);
      await client.close();
    }
  });

  test('what is no URL of a pod is said at once, and no password in it is repeated', () => {
    for (const url of [undefined, '', 'foo', 5, 'ftp://pod']) {
      assert.throws(() => createSynapClient({ url, key: 'key' }), /^Error: `url` is where the pod is/, String(url));
    }
    for (const url of ['http://me:hunter2@pod', 'http://me:hunter2@pod:99999', 'http://me:hun#ter2/x@pod', 'htp://me:hunter2@pod', 'http://me:hunter2@', 'me:hunter2@pod']) {
      const said = (error) => error.message === '`url` has a user or a password in it: a pod knows you by your `key`';
      assert.throws(() => createSynapClient({ url, key: 'key' }), said, url);
    }
  });

  test('calls of one moment are one request, of at most a hundred', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key' });
    const calls = Array.from({ length: 150 }, (_, i) => client.notes.create.mutate({ content: `${i}` }));
    const answers = await Promise.all(calls);
    assert.deepEqual(answers.map((answer) => answer.requestId), answers.map((_, i) => `${i}`));
    assert.equal(pod.httpRequests, 2);
    await client.close();
  });

  test('long inputs go alone, so that a batch never outgrows what the pod takes', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key' });
    const inputs = [
      { content: 'x'.repeat(40_000) },
      { content: '漢'.repeat(20_000) },
      { content: '\u0001'.repeat(10_000) },
      { content: 'properties', properties: Array(5_000).fill('漢字') },
      { content: 'a' },
      { content: '漢'.repeat(10_000) },
    ];
    await Promise.all(inputs.map((input) => client.notes.create.mutate(input)));
    assert.equal(pod.httpRequests, 5);
    assert.deepEqual(new Set(pod.calls.map(({ input }) => input.content)), new Set(inputs.map(({ content }) => content)));
    await client.close();
  });

  test('an input that is no JSON fails alone', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key' });
    for (const call of ['create.mutate', 'get.query']) {
      const [name, how] = call.split('.');
      const ask = (content) => client.notes[name][how]({ content });
      const [bad, good] = await Promise.allSettled([ask(1n), ask('a')]);
      const sentence = `The input of notes.${name} is no JSON: content is a BigInt, which JSON has not: give it as a number, or as a text`;
      assert.equal(messageOf(bad.reason), sentence);
      assert.equal(bad.reason.cause.name, 'InputError');
      assert.equal(good.status, 'fulfilled', call);
    }
    await client.close();
  });

  test('of an input that is no JSON it is said where', async () => {
    const around = { name: 'x' };
    around.self = { around };
    let deep = {};
    for (let depth = 0; depth < 100_000; ++depth) deep = { deep };
    for (const transport of ['websocket', 'sse']) {
      const client = createSynapClient({ url: pod.url, key: 'key', transport });
      const said = async (input) =>
        messageOf(await client.notes.create.mutate(input).catch((error) => error)).replace(/^The input of notes.create is no JSON: /, '');
      assert.match(await said({ content: 'a', properties: { sizes: [1, { x: 2n }] } }), /^properties\.sizes\[1\]\.x is a BigInt/);
      assert.match(await said(1n), /^it is a BigInt/);
      // What JSON.stringify passes over, or makes something else of.
      for (const [value, sentence] of [
        [NaN, 'a is NaN, which JSON has not'],
        [-Infinity, 'a is -Infinity, which JSON has not'],
        [new Date(NaN), 'a is a Date that is no time'],
        [new Map([[1, 2]]), 'a is of Map, of which JSON keeps nothing: give it as an object, a list or a text'],
        [new Uint8Array(3), 'a is of Uint8Array, of which JSON keeps no bytes: give it as an object, a list or a text'],
        [() => 1, 'a is a function, which JSON has not'],
        [Symbol('s'), 'a is a symbol, which JSON has not'],
        [[1, undefined], 'a[1] is undefined, which a list has not'],
        // eslint-disable-next-line no-sparse-arrays
        [[1, , 3], 'a[1] is undefined, which a list has not'],
        [[{ toJSON() {} }], 'a[0] is undefined, which a list has not'],
        [{ b: [new Number(NaN)] }, 'a.b[0] is NaN, which JSON has not'],
        [Promise.resolve(1), 'a is of Promise, of which JSON keeps nothing: give it as an object, a list or a text'],
        [new Error('e'), 'a is of Error, of which JSON keeps nothing: give it as an object, a list or a text'],
        [/x/, 'a is of RegExp, of which JSON keeps nothing: give it as an object, a list or a text'],
        [vm.runInNewContext('new Date(NaN)'), 'a is a Date that is no time'],
        [Object.assign(new Error('x'), { code: 'E' }), 'a is of Error, of which JSON keeps nothing: give it as an object, a list or a text'],
        [Object.assign(new Map([[1, 2]]), { q: 1 }), 'a is of Map, of which JSON keeps nothing: give it as an object, a list or a text'],
        [vm.runInNewContext('new Map()'), 'a is of Map, of which JSON keeps nothing: give it as an object, a list or a text'],
      ]) assert.equal(await said({ a: value }), sentence);
      // What JSON has a form for is sent in it.
      class Point {
        x = 1;
        length = () => 1;
      }
      class Tags extends Map {
        toJSON() {
          return [...this.keys()];
        }
      }
      const good = {
        found: 'ab'.match(/(a)/), point: new Point(), tags: new Tags([['t', 1]]), at: new Date(0), boxed: new Number(5),
        other: vm.runInNewContext('({ a: {} })'), none: undefined, empty: {}, bare: Object.create(null),
      };
      await client.notes.create.mutate({ content: 'good', properties: good });
      assert.deepEqual(pod.calls.find(({ input }) => input.content === 'good').input.properties, JSON.parse(JSON.stringify(good)));
      pod.calls.length = 0;
      assert.equal(await said({ around }), 'around.self.around is what it stands in, so that it has no end');
      assert.equal(await said({ deep }), 'The input of notes.create is nested too deep');
      const throws = { get x() { throw new Error('boom'); } };
      assert.equal(await said({ content: 'a', properties: throws }), 'boom');
      const own = { toJSON: () => 'a day' };
      own.self = own;
      assert.match(await said({ when: own, n: 1n }), /^n is a BigInt/);
      const refused = await new Promise((resolve) =>
        client.events.watch.subscribe({ types: [1n] }, { onError: resolve }),
      );
      assert.match(messageOf(refused), /^The input of events\.watch is no JSON: types\[0\] is a BigInt/);
      await client.close();
    }
    assert.equal(pod.calls.length, 0);
  });

  test('what is too long for the address of server-sent events ends a watch at once, and says so', async () => {
    const types = Array.from({ length: 100 }, (_, i) => `x.${'漢'.repeat(120)}.n${i}`);
    const client = createSynapClient({ url: pod.url, key: 'key', transport: 'sse' });
    let watch;
    const end = new Promise((resolve) => {
      watch = client.watch({ types }, { onEvent() {}, onError: resolve });
    });
    const error = await within(5_000, end, 'the end');
    assert.match(messageOf(error), /^The input of events\.watch is too long for an address, .* Use transport "websocket"$/);
    assert.equal(watch.status, 'ended');
    await client.close();
    const other = createSynapClient({ url: pod.url, key: 'key' });
    const goes = other.watch({ types }, { onEvent() {} });
    await within(5_000, goes.ready, 'the watch begins');
    await other.close();
  });

  test('what an infinite query of TanStack adds of itself is not sent', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key' });
    await client.notes.get.query({ id: 'a', cursor: 'b', direction: 'forward' });
    await client.notes.get.query({ direction: 'backward' });
    await client.notes.get.query({ id: 'a', direction: 'out' });
    await client.notes.create.mutate({ content: 'a', direction: 'forward' });
    assert.deepEqual(pod.calls.map(({ input }) => input), [
      { id: 'a', cursor: 'b' },
      {},
      { id: 'a', direction: 'out' },
      { content: 'a', direction: 'forward' },
    ]);
    await client.close();
  });

  test('fetch and WebSocket can be given', async () => {
    const used = [];
    const { WebSocket } = await import('ws');
    class MyWebSocket extends WebSocket {
      constructor(url) {
        used.push(new URL(url).pathname);
        super(url);
      }
    }
    const myFetch = (url, init) => {
      used.push(new URL(url).pathname);
      return fetch(url, init);
    };
    const client = createSynapClient({ url: pod.url, key: 'key', fetch: myFetch, WebSocket: MyWebSocket });
    await client.watch().ready;
    assert.deepEqual(used, ['/trpc/events.list', '/trpc']);
    await client.close();
  });

  test('without a key nobody is said to call, and headers go with every request', async () => {
    const plain = createSynapClient({ url: pod.url });
    await plain.notes.get.query({ id: 'a' });
    await plain.watch().ready;
    assert.deepEqual(pod.calls.map((call) => call.token), [undefined, undefined, undefined]);
    await plain.close();
    for (const headers of [{ authorization: 'Bearer mine' }, async () => ({ authorization: 'Bearer mine' })]) {
      pod.calls.length = 0;
      const client = createSynapClient({ url: pod.url, headers, transport: 'sse' });
      await client.watch().ready;
      assert.deepEqual(pod.calls.map((call) => call.token), ['mine', 'mine']);
      await client.close();
    }
  });

  test('calls because of an event say so, and share requests with no others', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key', headers: { 'x-more': '1' } });
    const id = '01980000-0000-7000-8000-000000000000';
    const causes = [
      [{ id }, id],
      [{ id: '01K30DW4HMFAY8VVR14D2PF2DB' }, '0198c0de-1234-7abc-8def-0123456789ab'],
      // Its sender has made the id up: the pod says what it is to the pod.
      [{ id: 'order-7', synap: { id } }, id],
      [{ id: 'order-7' }, undefined],
      [{}, undefined],
    ];
    const titles = causes.map((_, i) => `${i}`);
    await Promise.all([
      client.notes.create.mutate({ content: 'of nothing' }),
      ...causes.map(([event], i) => client.causedBy(event).notes.create.mutate({ content: titles[i] })),
    ]);
    const said = new Map(pod.calls.map((call) => [call.input.content, call.headers]));
    assert.deepEqual(titles.map((title) => said.get(title)['synap-caused-by']), causes.map(([, cause]) => cause));
    assert.equal(said.get('of nothing')['synap-caused-by'], undefined);
    assert.ok([...said.values()].every((headers) => headers['x-more'] === '1'));
    assert.equal(pod.httpRequests, 6);
    await client.close();
  });

  test('a key is taken under the name that it had before', async () => {
    const client = createSynapClient({ url: pod.url, token: 'old' });
    await client.notes.get.query({ id: 'a' });
    assert.deepEqual(pod.calls.map((call) => call.token), ['old']);
    await client.close();
  });

  test('a key that is empty is said at once, and where a function gives it', async () => {
    for (const key of [undefined, '']) {
      assert.throws(() => createSynapClient({ url: pod.url, key }), {
        name: 'NoKeyError',
        message: /^No key was given/,
      });
    }
    for (const transport of ['websocket', 'sse']) {
      const client = createSynapClient({ url: pod.url, key: () => '', transport });
      await assert.rejects(client.notes.get.query({ id: 'a' }), /^TRPCClientError: No key was given/);
      await assert.rejects(within(5_000, client.watch().ready, 'it is refused'), /No key was given/);
      await assert.rejects(within(5_000, client.watch({ lastEventId: '0' }).ready, 'it is refused'), /No key was given/);
      await client.close();
    }
    assert.equal(pod.calls.length, 0);
  });

  test('a key that cannot be had is no silence of the pod', async () => {
    for (const transport of ['websocket', 'sse']) {
      const key = () => {
        throw new Error('no key today');
      };
      const client = createSynapClient({ url: pod.url, key, transport });
      const failed = await client.notes.get.query({ id: 'a' }).catch(messageOf);
      assert.equal(failed, 'The function `key` has failed: no key today');
      const told = new Promise((resolve) => client.watch({}, { onEvent() {}, onInterrupted: resolve }));
      assert.match((await within(5_000, told, 'it is told')).message, /The function `key` has failed: no key today/);
      await client.close();
    }
    assert.equal(pod.calls.length, 0);
  });

  test('a call that is aborted ends, also while its key is waited for', async () => {
    const client = createSynapClient({ url: pod.url, key: () => new Promise(() => {}) });
    for (const [signal, said] of [
      [AbortSignal.timeout(50), /aborted due to timeout/],
      [AbortSignal.abort(new Error('enough')), /^TRPCClientError: enough$/],
      [AbortSignal.abort(Object.create(null)), /^TRPCClientError: it was aborted$/],
    ]) {
      const query = client.notes.get.query({ id: 'a' }, { signal });
      await assert.rejects(within(5_000, query, 'it ends'), said);
      const mutation = client.notes.create.mutate({ content: 'a' }, { signal });
      await assert.rejects(within(5_000, mutation, 'it ends'), said);
    }
    await client.close();
  });

  test('a key is taken as files and clipboards have it', async () => {
    for (const transport of ['websocket', 'sse']) {
      const client = createSynapClient({ url: pod.url, key: '\ufeff synap_a\r\n', transport });
      await client.notes.get.query({ id: 'a' });
      await within(5_000, client.watch().ready, 'it is live');
      await client.close();
    }
    assert.deepEqual(new Set(pod.calls.map(({ token }) => token)), new Set(['synap_a']));
    const wrong = () => createSynapClient({ url: pod.url, key: ' ab\u{1f600}' });
    assert.throws(wrong, { message: 'This is no key: its character 4 is "\u{1f600}", which no key has' });
    assert.throws(() => createSynapClient({ url: pod.url, key: ' \n' }), { name: 'NoKeyError', message: /SYNAP_KEY/ });
  });

  test('handlers of a watch without onEvent are refused, and not passed over', async () => {
    const client = createSynapClient({ url: pod.url, key: 'a' });
    assert.throws(() => client.watch({}, { onInterrupted: () => {} }), { name: 'TypeError', message: /onEvent/ });
    client.watch({}, { onStatus: () => {} }).stop();
    await client.close();
  });

  test('what can be no key is said at once, too', async () => {
    const wrong = 'synap_…';
    const message = 'This is no key: its character 7 is "…", which no key has';
    assert.throws(() => createSynapClient({ url: pod.url, key: wrong }), { name: 'NoKeyError', message });
    for (const transport of ['websocket', 'sse']) {
      const client = createSynapClient({ url: pod.url, key: () => wrong, transport });
      await assert.rejects(client.notes.get.query({ id: 'a' }), (error) => messageOf(error) === message);
      await assert.rejects(within(5_000, client.watch().ready, 'it is refused'), { name: 'NoKeyError', message });
      await client.close();
    }
    assert.equal(pod.calls.length, 0);
  });

  test('messageOf makes a sentence of what goes wrong', async () => {
    const issues = [
      { path: ['tags', 0], message: 'Too long' },
      { path: ['content'], message: 'Too small' },
      { path: [], message: 'Odd' },
    ];
    pod.next.set('notes.get', new TRPCError({ code: 'BAD_REQUEST', message: JSON.stringify(issues) }));
    const client = createSynapClient({ url: pod.url, key: 'key' });
    const messageFrom = (promise) => promise.then(() => 'nothing', messageOf);
    const get = (options) => messageFrom(client.notes.get.query({ id: 'a' }, options));
    assert.equal(await get(), 'tags[0]: Too long; content: Too small; Odd');
    pod.next.set('notes.get', new TRPCError({ code: 'NOT_FOUND', message: '[gone]' }));
    assert.equal(await get(), '[gone]');
    const older = 'This pod has no "notes.pin": it is older than this client, or the name is wrong';
    assert.equal(await messageFrom(client.notes.pin.query({ id: 'a' })), older);
    assert.equal(await messageFrom(client.notes.pin.mutate({ id: 'a' })), older);
    const zod = inputSchemas['notes.create'].safeParse({ content: 5 });
    assert.match(messageOf(zod.error), /^content: Invalid input/);
    assert.match(await get({ signal: AbortSignal.timeout(0) }), /aborted due to timeout$/);
    assert.equal(await get({ signal: AbortSignal.abort(new Error('enough')) }), 'enough');
    await pod.stop();
    assert.match(await get(), /^The pod does not answer: (connect ECONNREFUSED|other side closed)/);
    assert.equal(messageOf('text'), 'text');
    assert.equal(messageOf(undefined), 'Something went wrong');
    pod = await FakePod.start();
    await client.close();
  });

  test('an error is known by its shape, also one of a second copy of @trpc/client', async () => {
    pod.next.set('notes.get', new TRPCError({ code: 'NOT_FOUND', message: 'gone' }));
    const client = createSynapClient({ url: pod.url, key: 'key' });
    const error = await client.notes.get.query({ id: 'a' }).catch((error) => error);
    class TRPCClientError extends Error {}
    const foreign = Object.assign(new TRPCClientError('gone'), { name: 'TRPCClientError', shape: error.shape, data: error.data });
    assert.ok(isSynapError(error) && isSynapError(foreign));
    assert.ok(!isSynapError(new Error('gone')) && !isSynapError({ name: 'TRPCClientError', shape: {} }));
    await client.close();
  });

  test('the client can be awaited and looked at like any object', async () => {
    const client = createSynapClient({ url: pod.url, key: 'key' });
    assert.equal(await Promise.resolve(client), client);
    await client.close();
  });

  test('the schemas validate inputs and events', () => {
    assert.equal(inputSchemas['notes.create'].safeParse({ content: '' }).success, false);
    assert.deepEqual(inputSchemas['users.create'].parse({ name: 'a' }), { name: 'a', role: 'member' });
    assert.equal(inputSchemas['notes.list'].parse(undefined), undefined);
    assert.equal(eventSchemas['note.creation.completed'].safeParse({}).success, false);
  });
});
