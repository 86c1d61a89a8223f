// What tools ask an Inngest server for: REST v1.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { App, lanes, Pod, until } from './harness.mjs';

const { sdk } = lanes.at(-1);

describe('REST v1', () => {
  let pod;
  let app;
  let ann;
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '100ms');
    ann = (await pod.call('users.create', { name: 'ann' })).key;
    app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, (inngest) => [
      inngest.createFunction({ id: 'sleeps', triggers: [{ event: 'shop/sleeps' }] }, async ({ step }) => {
        await step.sleep('night', '1h');
      }),
      inngest.createFunction({ id: 'other', triggers: [{ event: 'shop/sleeps' }] }, ({ step }) => step.sleep('nap', '1h')),
      inngest.createFunction({ id: 'steps', retries: 0, triggers: [{ event: 'shop/steps' }] }, async ({ step }) => {
        await step.run('good', () => ({ a: 1 }));
        await step
          .run('bad', () => {
            throw new RangeError('too far');
          })
          .catch(() => {});
        await step.sleep('nap', '1s');
        await step.waitForEvent('none', { event: 'shop/never', timeout: '1s' });
        return 'done';
      }),
      inngest.createFunction({ id: 'waits', triggers: [{ event: 'shop/waits' }] }, ({ event, step }) =>
        step.waitForSignal('wait', { signal: `go ${event.data.round}`, timeout: '1h' }),
      ),
      inngest.createFunction({ id: 'hello', triggers: [{ event: 'shop/hello' }] }, () => 'hi'),
    ]);
    await app.sync();
  });
  after(async () => {
    await app?.close();
    await pod?.remove();
  });
  const get = (path, headers) => pod.route('GET', path, undefined, headers);
  const asAnn = () => ({ authorization: `Bearer ${ann}` });
  const send = async (events) => (await app.client.send(events)).ids;
  const statuses = async (fn) => (await pod.runsOf(fn)).map((run) => run.status);

  test('functions of an app are told as they were registered, to its user', async () => {
    const { status, body } = await get('/v1/apps/shop/functions');
    assert.equal(status, 200);
    assert.deepEqual(body.data.map((each) => each.slug), ['shop-sleeps', 'shop-other', 'shop-steps', 'shop-waits', 'shop-hello']);
    const [first] = body.data;
    assert.match(first.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(first.triggers, [{ event: 'shop/sleeps' }]);
    assert.equal(first.config.name, 'sleeps');
    assert.ok(body.metadata.fetched_at);
    assert.equal((await get('/v1/apps/shop/functions', asAnn())).status, 404);
    assert.equal((await get('/v1/apps/none/functions')).status, 404);
    assert.equal((await get('/v1/apps/%ff/functions')).status, 400);
  });

  test('events are listed by name and time, in pages', async () => {
    const started = new Date(Date.now() - 1).toISOString();
    const ids = await send([1, 2, 3].map((n) => ({ name: 'list/me', data: { n } })));
    await send({ name: 'list/other' });
    const page = await get('/v1/events?name=list/me&limit=2');
    assert.deepEqual(page.body.data.map((event) => event.data.n), [3, 2]);
    const next = await get(`/v1/events?name=list/me&limit=2&cursor=${page.body.data[1].internal_id}`);
    assert.deepEqual(next.body.data.map((event) => event.internal_id), [ids[0]]);
    assert.deepEqual((await get(`/v1/events?name=list/me&received_before=${started}`)).body.data, []);
    assert.equal((await get(`/v1/events?received_after=${started}`)).body.data.length, 4);
    assert.deepEqual((await get('/v1/events?name=list/me', asAnn())).body.data, []);
    const wrongs = [
      'limit=0', 'limit=x', 'limit=101', 'limit=1e9', 'limit=100abc', 'cursor=x',
      'received_after=yesterday', 'received_before=%ff',
    ];
    for (const wrong of wrongs) {
      assert.equal((await get(`/v1/events?${wrong}`)).status, 400, wrong);
    }
    assert.equal((await get(`/v1/events/${ids[0]}`, asAnn())).status, 404);
    assert.equal((await get(`/v1/events/${ids[0]}/runs`, asAnn())).status, 404);
    assert.equal((await get('/v1/events/nonsense')).status, 404);
  });

  test('of signals that are sent at once one is taken, and the others hear that none waits', async () => {
    for (let round = 0; round < 5; round += 1) {
      await send({ name: 'shop/waits', data: { round } });
      const waits = async () => (await statuses('shop-waits')).filter((status) => status === 'sleeping').length === 1;
      await until(waits, 'a run waits');
      const signal = { signal: `go ${round}`, data: {} };
      const sent = await Promise.all(Array.from({ length: 10 }, () => pod.route('POST', '/v1/signals', signal)));
      assert.deepEqual(sent.map(({ status }) => status).sort(), [200, ...Array(9).fill(404)]);
      await until(async () => !(await waits()), 'it goes on');
    }
  });

  test('what comes encoded is refused for that', async () => {
    const { status, body } = await pod.route('POST', '/e/k', '{"name":"a"}', { 'content-encoding': 'gzip' });
    assert.equal(status, 415, JSON.stringify(body));
  });

  test('what a run is to go on with is told', async () => {
    const [id] = await send({ name: 'shop/hello' });
    const done = await until(async () => {
      const { body } = await get(`/v1/events/${id}/runs`);
      return body.data[0]?.status === 'Completed' && body.data[0];
    }, 'it has completed');
    assert.deepEqual((await get(`/v1/runs/${done.run_id}/jobs`)).body.data, []);
    const before = Date.now();
    const [asleep] = await send({ name: 'shop/sleeps', data: { n: 0 } });
    await pod.run('shop-sleeps', 'sleeping');
    const { body } = await get(`/v1/events/${asleep}/runs`);
    const run = body.data.find((each) => each.function_id === 'shop-sleeps');
    const [job, ...more] = (await get(`/v1/runs/${run.run_id}/jobs`)).body.data;
    assert.deepEqual(more, []);
    assert.deepEqual([job.kind, job.step, job.attempt], ['sleep', 'night', 0]);
    assert.ok(Math.abs(Date.parse(job.at) - before - 3_600_000) < 60_000, job.at);
    assert.equal((await get(`/v1/runs/${run.run_id}/jobs`, asAnn())).status, 404);
  });

  test('many runs are cancelled at once: those that are meant', async () => {
    await send(Array.from({ length: 120 }, (_, n) => ({ name: 'shop/sleeps', data: { n: n + 1 } })));
    await until(async () => (await statuses('shop-sleeps')).filter((each) => each === 'sleeping').length === 121,
      'all sleep');
    const made = await pod.route('POST', '/v1/cancellations', { app_id: 'shop', function_id: 'sleeps', if: 'event.data.n > 20' });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const done = await until(async () => {
      const { body } = await get('/v1/cancellations');
      return body.data[0].is_done && body.data[0];
    }, 'it is done');
    assert.equal(done.id, made.body.data.id);
    assert.equal(done.cancelled_count, 100);
    assert.equal(done.if, 'event.data.n > 20');
    const left = await statuses('shop-sleeps');
    assert.equal(left.filter((each) => each === 'cancelled').length, 100);
    assert.ok(!(await statuses('shop-other')).includes('cancelled'));
    // Nothing was made before 2001.
    const none = await pod.route('POST', '/v1/cancellations', {
      app_id: 'shop', function_id: 'shop-sleeps', started_before: '2001-01-01T00:00:00Z',
    });
    await until(async () => {
      const { body } = await get('/v1/cancellations');
      return body.data.find((each) => each.id === none.body.data.id)?.is_done;
    }, 'it is done');
    assert.equal((await statuses('shop-sleeps')).filter((each) => each === 'cancelled').length, 100);
    const path = `/v1/cancellations/${none.body.data.id}`;
    assert.equal((await pod.route('DELETE', path, undefined, asAnn())).status, 404);
    assert.equal((await fetch(pod.url + path, { method: 'DELETE' })).status, 204);
    assert.equal((await pod.route('DELETE', path)).status, 404);
    assert.equal((await get('/v1/cancellations')).body.data.length, 1);
    assert.deepEqual((await get('/v1/cancellations', asAnn())).body.data, []);
  });

  test('a cancellation goes on after the pod was killed', async () => {
    await pod.route('POST', '/v1/cancellations', { app_id: 'shop', function_id: 'sleeps' });
    await pod.kill();
    await pod.startAgain();
    await until(async () => (await statuses('shop-sleeps')).every((each) => each === 'cancelled'), 'all are');
    await until(async () => (await get('/v1/cancellations')).body.data[0].is_done, 'it is done');
  });

  test('a cancellation that says too little, or what is wrong, is refused', async () => {
    const asked = (body, headers) => pod.route('POST', '/v1/cancellations', body, headers);
    const good = { app_id: 'shop', function_id: 'sleeps' };
    for (const [body, status] of [
      [{}, 400],
      [{ app_id: 'shop' }, 400],
      [{ app_id: 7, function_id: [] }, 400],
      ['[]', 400],
      ['nonsense', 400],
      [{ ...good, function_id: 'none' }, 404],
      [{ ...good, started_after: 'yesterday' }, 400],
      [{ ...good, started_before: 12 }, 400],
      [{ ...good, started_after: '2030-01-01T00:00:00Z' }, 400],
      [{ ...good, if: 'event.data.' }, 400],
    ]) {
      const answer = await asked(body);
      assert.equal(answer.status, status, JSON.stringify(body));
      assert.ok(answer.body.error);
    }
    assert.equal((await asked(good, asAnn())).status, 404);
    const { key } = await pod.call('keys.create', { name: 'reads', scopes: ['runs:read'] });
    assert.equal((await asked(good, { authorization: `Bearer ${key}` })).status, 403);
    assert.equal((await pod.route('PUT', '/v1/cancellations', good)).status, 405);
  });

  test('GraphQL: a run is told with its trace, and what its steps came to', async () => {
    const gql = async (query, variables, headers) => pod.route('POST', '/v0/gql', { query, variables }, headers);
    const [id] = await send({ name: 'shop/steps', data: { n: 1 } });
    const { body: found } = await until(async () => {
      const told = await gql(
        'query Q($id: ULID!) { eventV2(id: $id) { name payload: raw runs { id status endedAt function { slug } } } }',
        { id },
      );
      return told.body.data?.eventV2.runs[0]?.status === 'COMPLETED' && told;
    }, 'it has completed');
    const { name, payload, runs } = found.data.eventV2;
    assert.equal(name, 'shop/steps');
    assert.deepEqual(JSON.parse(payload).data, { n: 1 });
    assert.equal(runs[0].function.slug, 'shop-steps');

    const trace = `
      query GetRun($runID: String!) { run(runID: $runID) { __typename status hasAI function { name } trace { ...TraceDetails
        childrenSpans { ...TraceDetails childrenSpans { spanID } } } } }
      fragment TraceDetails on RunTraceSpan { name status attempts isRoot stepOp outputID endedAt
        stepInfo { __typename ... on SleepStepInfo { sleepUntil } ... on WaitForEventStepInfo { eventName timedOut } } }`;
    const { status, body } = await gql(trace, { runID: runs[0].id });
    assert.equal(status, 200, JSON.stringify(body));
    const { run } = body.data;
    assert.equal(run.__typename, 'FunctionRunV2');
    assert.equal(run.status, 'COMPLETED');
    assert.equal(run.trace.isRoot, true);
    const spans = run.trace.childrenSpans;
    assert.deepEqual(
      spans.map((span) => [span.name, span.stepOp, span.status, span.stepInfo.__typename]),
      [
        ['good', 'RUN', 'COMPLETED', 'RunStepInfo'],
        ['bad', 'RUN', 'FAILED', 'RunStepInfo'],
        ['nap', 'SLEEP', 'COMPLETED', 'SleepStepInfo'],
        ['none', 'WAIT_FOR_EVENT', 'COMPLETED', 'WaitForEventStepInfo'],
      ],
    );
    assert.equal(spans[3].stepInfo.timedOut, true);
    assert.ok(Date.parse(spans[2].stepInfo.sleepUntil));

    const output = (outputID, headers) =>
      gql('query O($id: String!) { runTraceSpanOutputByID(outputID: $id) { data error { name message } } }', { id: outputID }, headers);
    const outputs = await Promise.all([run.trace, ...spans].map(async (span) => (await output(span.outputID)).body.data.runTraceSpanOutputByID));
    assert.deepEqual(outputs.map((each) => JSON.parse(each.data)), ['done', { a: 1 }, null, null, null]);
    assert.deepEqual(outputs[2].error, { name: 'RangeError', message: 'too far' });

    // Another user sees none of it.
    for (const asked of [
      gql(trace, { runID: runs[0].id }, asAnn()),
      output(spans[0].outputID, asAnn()),
      gql('query Q($id: ULID!) { eventV2(id: $id) { name } }', { id }, asAnn()),
    ]) {
      const { body } = await asked;
      assert.equal(body.data, null);
      assert.equal(body.errors[0].extensions.code, 'NOT_FOUND');
    }
    const stream = await gql('{ stream(query: { limit: 999 }) { id type trigger runs { id status } } }');
    assert.ok(stream.body.data.stream.some((item) => item.id === id && item.runs[0].id === runs[0].id));
    assert.deepEqual((await gql('{ stream(query: { limit: 5 }) { trigger } }', {}, asAnn())).body.data.stream.filter((item) => item.trigger.startsWith('shop/')), []);
    const listed = await gql('{ first: events(query: { limit: 1 }) { name } event(query: {eventId: "' + id + '"}) { totalRuns } }');
    assert.equal(listed.body.data.first.length, 1);
    assert.equal(listed.body.data.event.totalRuns, 1);
  });

  test('GraphQL: what cannot be answered is told as GraphQL tells it', async () => {
    const gql = (body, headers) => pod.route('POST', '/v0/gql', body, headers);
    for (const [body, status, message] of [
      [{ query: '{ run(runID: 7) { id } }' }, 200, /no such run/],
      [{ query: '{ run { id } }' }, 200, /no such run/],
      [{ query: '{ stream(query: {}) { price } }' }, 400, /Cannot query field "price" on type "StreamItem"/],
      [{ query: '{ stream(query: { after: "then" }) { id } }' }, 400, /ISO 8601/],
      [{ query: '{ stream }' }, 400, /Say which fields/],
      [{ query: '{ envs { id } }' }, 501, /docs\/inngest\.md/],
      [{ query: 'mutation { cancelRun(runID: "x") { id } }' }, 501, /only queries/],
      [{ query: `{ ${Array.from({ length: 11 }, (_, i) => `a${i}: stream(query: {}) { id }`).join(' ')} }` }, 400, /at most 10/],
      [{ query: '{' }, 400, /byte 1/],
      [{}, 400, /operation/],
      [{ query: ['{ a }'] }, 400, /operation/],
      ['nonsense', 400, /JSON/],
    ]) {
      const answer = await gql(body);
      assert.equal(answer.status, status, `${JSON.stringify(body)} ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.data, null);
      assert.match(answer.body.errors[0].message, message);
    }
    const { key } = await pod.call('keys.create', { name: 'runs', scopes: ['runs:read'] });
    assert.equal((await gql({ query: '{ __typename }' }, { authorization: `Bearer ${key}` })).status, 403);
    assert.equal((await gql({ query: '{ __typename }' }, { origin: 'https://evil.example' })).status, 403);
    assert.deepEqual((await gql({ query: '{ __typename ... on X { run { id } } }' })).body.data, { __typename: 'Query' });
  });

  test('every other route of Inngest answers 501 with a sentence', async () => {
    const routes = [
      ['POST', '/v1/runs/x/metadata'], ['POST', '/v1/traces/userland'], ['GET', '/v1/prom/env'],
      ['POST', '/fn/step-limit'], ['POST', '/fn/state-size-limit'],
    ];
    for (const [method, path] of routes) {
      const { status, body } = await pod.route(method, path, method === 'POST' ? {} : undefined);
      assert.equal(status, 501, path);
      assert.match(body.error, /docs\/(inngest|operations)\.md/, path);
    }
  });
});
