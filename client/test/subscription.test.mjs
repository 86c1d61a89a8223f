// The subscription by itself, where a test needs its clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventSubscription } from '../dist/subscription.js';

test('a pod that neither refuses nor answers is told, and asked again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const told = [];
  const begun = [];
  const source = { subscribe: (_, handlers) => (begun.push(handlers), { unsubscribe: () => told.push('left') }) };
  const subscription = new EventSubscription(source, { lastEventId: '0' }, {
    onStarted: () => told.push('started'),
    onInterrupted: (error) => told.push(error.message),
    onEvent: () => {},
    onEnd: () => {},
  });
  const silence = 'There was no answer of the pod within 20000 ms';
  subscription.start();
  await Promise.resolve();
  t.mock.timers.tick(20_000);
  assert.deepEqual(told, ['left', silence]);
  t.mock.timers.tick(5_000);
  assert.equal(begun.length, 2);
  begun[1].onStarted();
  t.mock.timers.tick(60_000);
  assert.deepEqual(told.splice(0), ['left', silence, 'started'], 'one that has begun is waited for');

  // The link makes the connection again, and is not answered.
  begun[1].onConnectionStateChange({ state: 'connecting', error: null });
  t.mock.timers.tick(20_000);
  assert.deepEqual(told.splice(0), ['There is no connection to the pod', 'left']);
  assert.equal(subscription.error.message, silence);
  t.mock.timers.tick(5_000);
  assert.equal(begun.length, 3);
  subscription.stop();
  t.mock.timers.tick(60_000);
  assert.equal(begun.length, 3);
});
