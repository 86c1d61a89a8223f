// Who may come in and what each of them sees.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { allEvents, codeIs, connect, lanes, makeNote, Pod, settled, watch, WebSocket, within } from './harness.mjs';

for (const lane of lanes) {
  describe(`access, @trpc/client ${lane.name}`, () => {
    let pod;
    let owner;
    const open = [];
    const connected = (options) => {
      const connection = connect(lane, pod, options);
      open.push(connection);
      return connection.client;
    };
    before(async () => {
      pod = await Pod.start();
      owner = connected();
    });
    after(async () => {
      for (const connection of open) await connection.close();
      await pod?.remove();
    });

    test('without a key there is only health', async () => {
      assert.deepEqual((await pod.http('health', { key: '' })).body, { result: { data: { status: 'ok' } } });
      const { status, body } = await pod.http('notes.list', { key: '' });
      assert.equal(status, 401);
      assert.equal(body.error.data.code, 'UNAUTHORIZED');
      assert.equal(body.error.code, -32001);
      for (const key of ['synap_', 'synap_wrong', pod.key.slice(0, -1), `${pod.key}x`, pod.key.toUpperCase()]) {
        const stranger = connected({ key });
        await assert.rejects(stranger.notes.list.query(), codeIs('UNAUTHORIZED'), key);
        for (const transport of ['websocket', 'sse']) {
          const watching = watch(connected({ key, transport }), {});
          await assert.rejects(within(watching.ended, 'it ends', 10_000), codeIs('UNAUTHORIZED'));
        }
      }
    });

    test('a key that may only propose changes nothing until somebody else accepts', async () => {
      const robot = await owner.keys.create.mutate({ name: 'robot', scopes: ['propose', '*:read'] });
      const headers = { 'synap-reason': encodeURIComponent('es ist kürzer') };
      const proposing = connected({ key: robot.key, headers });
      const { entityId: id } = await makeNote(owner, { content: '# Long\n\ntext', tags: ['proposed'] });
      const offered = await proposing.notes.update.mutate({ id, content: '# Short' });
      assert.equal(offered.status, 'proposed');
      assert.equal((await settled(proposing, offered.requestId)).status, 'completed', 'nobody waits for ever');
      assert.equal((await owner.notes.get.query({ id })).title, 'Long');

      const { proposals } = await owner.proposals.list.query({ status: 'open' });
      assert.deepEqual(proposals.map((one) => [one.id, one.reason]), [[offered.proposalId, 'es ist kürzer']]);
      const proposal = await owner.proposals.get.query({ id: offered.proposalId });
      assert.deepEqual(proposal.diff, [{ field: 'content', before: '# Long\n\ntext', after: '# Short' }]);
      assert.deepEqual([proposal.baseVersion, proposal.version, proposal.isConflict], [1, 1, false]);

      await assert.rejects(proposing.proposals.accept.mutate({ id: offered.proposalId }), codeIs('FORBIDDEN'));
      const accepted = await owner.proposals.accept.mutate({ id: offered.proposalId });
      assert.equal((await settled(owner, accepted.requestId)).status, 'completed');
      const { status, result, decidedBy } = await owner.proposals.get.query({ id: offered.proposalId });
      assert.deepEqual([status, result.entityId, decidedBy.kind], ['accepted', id, 'key']);
      assert.equal((await settled(owner, result.requestId)).status, 'completed');
      assert.equal((await owner.notes.get.query({ id })).title, 'Short');

      // A batch of commands is a batch of proposals, and what it cannot do is refused beside them.
      const [task, key] = await Promise.allSettled([
        proposing.tasks.create.mutate({ title: 'a' }),
        proposing.keys.create.mutate({ name: 'mine' }),
      ]);
      assert.equal(task.value.status, 'proposed');
      assert.equal(key.reason.data.code, 'FORBIDDEN');
      assert.match(key.reason.message, /keys.create is nothing that can be proposed/);
      assert.equal((await proposing.proposals.withdraw.mutate({ id: task.value.proposalId })).status, 'completed');
      assert.equal((await owner.tasks.list.query()).total, 0);
    });

    test('a member sees nothing of the owner, not even that it is there', async () => {
      const made = await makeNote(owner, { content: 'secret', tags: ['mine'] });
      const [event] = await allEvents(owner, { aggregateId: made.entityId });
      const { runs } = await owner.runs.list.query();
      const { keys } = await owner.keys.list.query();
      const { key, userId } = await owner.users.create.mutate({ name: 'Ada' });
      const member = connected({ key });

      const id = made.entityId;
      const absent = '01890000-0000-7000-8000-000000000000';
      // What is another's is answered exactly as what is nobody's.
      const calls = {
        'notes.get': (value) => member.notes.get.query({ id: value ?? id }),
        'notes.getById': (value) => member.notes.getById.query({ id: value ?? id }),
        'notes.update': (value) => member.notes.update.mutate({ id: value ?? id, title: 'mine now' }),
        'notes.delete': (value) => member.notes.delete.mutate({ id: value ?? id }),
        'events.get': (value) => member.events.get.query({ id: value ?? event.id }),
        'requests.get': (value) => member.requests.get.query({ requestId: value ?? made.requestId }),
        'runs.get': (value) => member.runs.get.query({ id: value ?? runs[0].id }),
        'runs.retry': (value) => member.runs.retry.mutate({ id: value ?? runs[0].id }),
        'keys.revoke': (value) => member.keys.revoke.mutate({ keyId: value ?? keys[0].id }),
      };
      for (const [name, call] of Object.entries(calls)) {
        const denied = await call().then(assert.fail, (error) => error);
        const missing = await call(absent).then(assert.fail, (error) => error);
        codeIs('NOT_FOUND')(denied);
        assert.equal(denied.message, missing.message, name);
        assert.deepEqual(denied.data, missing.data, name);
      }
      assert.deepEqual(await member.notes.list.query(), { notes: [], total: 0 });
      assert.equal((await member.notes.list.query({ tag: 'mine' })).total, 0);
      assert.deepEqual(await member.runs.list.query(), { runs: [] });
      assert.equal((await member.keys.list.query()).keys.length, 1);
      for (const seen of await allEvents(member)) assert.equal(seen.userId, userId);
      assert.deepEqual(await allEvents(member, { aggregateId: id }), []);
      assert.deepEqual(await allEvents(member, { correlationId: made.requestId }), []);
      await assert.rejects(member.users.create.mutate({ name: 'Eve' }), codeIs('FORBIDDEN'));

      // The same idempotency key is another one for another user.
      const input = { content: 'same', idempotencyKey: 'shared' };
      const [his, hers] = [await owner.notes.create.mutate(input), await member.notes.create.mutate(input)];
      assert.notEqual(his.entityId, hers.entityId);
    });

    test('a member who watches is told of his own events only', async () => {
      const { key, userId } = await owner.users.create.mutate({ name: 'Grace' });
      const member = connected({ key });
      const watching = watch(member, { lastEventId: '0' });
      await watching.started;
      const made = await makeNote(owner, { content: 'secret' });
      const mine = await makeNote(member, { content: 'mine' });
      await watching.event('note.creation.completed', mine.requestId);
      for (const { data } of watching.items) assert.equal(data.userId, userId);
      assert.equal(watching.items.filter(({ data }) => data.requestId === made.requestId).length, 0);
      watching.stop();
      const others = watch(member, { requestId: made.requestId, lastEventId: '0' });
      await others.started;
      const other = await makeNote(member, { content: 'mine too' });
      const all = watch(member, { lastEventId: '0', requestId: other.requestId });
      await all.event('note.creation.completed', other.requestId);
      assert.deepEqual(others.items, []);
      others.stop();
      all.stop();
    });

    test('a revoked key is refused at once, everywhere', async () => {
      const { key, keyId } = await owner.keys.create.mutate({ name: 'to be revoked' });
      const socket = connected({ key });
      assert.ok((await socket.keys.list.query()).keys.some((one) => one.id === keyId && !one.revokedAt));
      const { createTRPCClient, createWSClient, wsLink } = lane.trpc;
      const ws = createWSClient({
        url: `${pod.url.replace('http', 'ws')}/trpc`,
        connectionParams: { token: key },
        WebSocket,
        retryDelayMs: () => 20,
      });
      open.push(ws);
      const overSocket = createTRPCClient({ links: [wsLink({ client: ws })] });
      await overSocket.keys.list.query();
      const watching = watch(overSocket, {});
      await watching.started;

      assert.deepEqual(await owner.keys.revoke.mutate({ keyId }), { revoked: true });
      await assert.rejects(socket.keys.list.query(), codeIs('UNAUTHORIZED'));
      await assert.rejects(overSocket.keys.list.query(), codeIs('UNAUTHORIZED'));
      // The subscription that is open ends with the first thing it would have told.
      await owner.notes.create.mutate({ content: 'after the revocation' });
      await assert.rejects(within(watching.ended, 'the watch ends', 10_000), codeIs('UNAUTHORIZED'));
      assert.ok(!watching.items.some(({ data }) => data.type === 'note.creation.requested'));

      await assert.rejects(owner.keys.revoke.mutate({ keyId }), codeIs('NOT_FOUND'));
      const listed = (await owner.keys.list.query()).keys.find((one) => one.id === keyId);
      assert.ok(listed.revokedAt);
    });

    test('a key that revokes itself ends what it watches', async () => {
      const { key, keyId } = await owner.keys.create.mutate({ name: 'to sign out' });
      const own = connected({ key });
      const watching = watch(connected({ key }), {});
      await watching.started;
      assert.deepEqual(await own.keys.revoke.mutate({ keyId }), { revoked: true });
      await assert.rejects(within(watching.ended, 'the watch ends', 10_000), codeIs('UNAUTHORIZED'));
      await assert.rejects(own.notes.list.query(), codeIs('UNAUTHORIZED'));
    });

    test('an owner gives and takes the keys of a member, and sees none of the notes', async () => {
      const ada = await owner.users.create.mutate({ name: 'Ada' });
      const member = connected({ key: ada.key });
      const { entityId } = await makeNote(member, { content: 'hers' });
      const whose = { userId: ada.userId };
      const narrow = await owner.keys.create.mutate({ name: 'reader', scopes: ['notes:read'], expiresInDays: 1, ...whose });
      const reader = connected({ key: narrow.key });
      assert.equal((await reader.notes.get.query({ id: entityId })).id, entityId);
      await assert.rejects(reader.notes.create.mutate({ content: 'x' }), codeIs('FORBIDDEN'));
      await assert.rejects(reader.keys.list.query(), codeIs('FORBIDDEN'));
      const { keys } = await owner.keys.list.query(whose);
      assert.deepEqual(keys.map(({ name, scopes }) => [name, scopes]), [['first key', ['*']], ['reader', ['notes:read']]]);
      assert.ok(keys[0].lastUsedAt && keys[1].lastUsedAt && keys[1].expiresAt);
      await assert.rejects(member.keys.list.query({ userId: 'somebody' }), codeIs('FORBIDDEN'));
      await assert.rejects(member.users.list.query(), codeIs('FORBIDDEN'));
      for (const { id } of keys) await owner.keys.revoke.mutate({ keyId: id, ...whose });
      await assert.rejects(member.notes.list.query(), codeIs('UNAUTHORIZED'));
      await assert.rejects(reader.notes.list.query(), codeIs('UNAUTHORIZED'));
      assert.equal((await owner.users.list.query()).users.find(({ id }) => id === ada.userId).keys, 0);
      await assert.rejects(owner.notes.get.query({ id: entityId }), codeIs('NOT_FOUND'));
    });

    test('a revoked key is refused when the socket reconnects, and after a restart', async () => {
      const { key, keyId } = await owner.keys.create.mutate({ name: 'to be revoked too' });
      const member = connected({ key });
      const watching = watch(member, {});
      await watching.started;
      await owner.keys.revoke.mutate({ keyId });
      await pod.kill();
      await pod.startAgain();
      await assert.rejects(within(watching.ended, 'the watch ends', 20_000), codeIs('UNAUTHORIZED'));
      await assert.rejects(member.notes.list.query(), codeIs('UNAUTHORIZED'));
      await owner.notes.list.query();
    });

    test('a key that is lost is not in what the pod tells', async () => {
      const { key } = await owner.keys.create.mutate({ name: 'kept secret' });
      assert.match(key, /^synap_[\w-]{43}$/);
      const told = JSON.stringify([await allEvents(owner), await owner.keys.list.query()]);
      assert.ok(!told.includes(key));
      assert.ok(!told.includes(key.slice(12)));
    });
  });
}
