// The client in a page of the pod's own origin, under the policy that the pod's page has, and in one of another origin on this
// machine, as a development server is: the pod is killed while it watches, and it misses nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { bundleClient, launchBrowser, servePage } from './browser.mjs';
import { allEvents, connect, lanes, makeNote, Pod, within, withResolvers } from './harness.mjs';

const KILLS = 2;

describe('a page that watches while the pod is killed', () => {
  let browser;
  let bundle;
  let site;
  before(async () => {
    [browser, bundle, site] = await Promise.all([launchBrowser(), bundleClient(), servePage()]);
  });
  after(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
  });

  /** A page of the pod's origin, where the client is not served: it stands in for a file of the pod's. */
  async function ownPage(pod) {
    const page = await browser.newPage();
    await page.route(`${pod.url}/client.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: bundle }));
    const answer = await page.goto(pod.url);
    assert.match(answer.headers()['content-security-policy'], /script-src 'self'/);
    return page;
  }
  async function otherPage(pod) {
    const page = await browser.newPage();
    await page.goto(site.url);
    assert.notEqual(new URL(page.url()).origin, new URL(pod.url).origin);
    return page;
  }

  for (const [origin, open] of [["the pod's own origin", ownPage], ['another origin of this machine', otherPage]]) {
    for (const transport of ['websocket', 'sse']) {
      test(`of ${origin}, over ${transport}`, async (t) => {
        const pod = await Pod.start();
        t.after(() => pod.remove());
        const page = await open(pod);
        t.after(() => page.close());

        // What the page is told, as it is told it.
        const told = [];
        const statuses = [];
        let wake = () => {};
        await page.exposeFunction('tell', (kind, value) => {
          (kind === 'event' ? told : statuses).push(value);
          wake();
        });
        const heard = (has, what) => {
          const { promise, resolve } = withResolvers();
          wake = () => has() && resolve();
          wake();
          return within(promise, what);
        };
        await within(page.evaluate(async ({ url, key, transport }) => {
          const { createSynapClient } = await import('/client.js');
          const client = createSynapClient({ url, key, transport });
          const events = client.watch({}, { onStatus: (status) => window.tell('status', status) });
          await events.ready;
          (async () => { for await (const event of events) await window.tell('event', event.position); })();
        }, { url: pod.url, key: pod.key, transport }), 'the watch has begun');

        const { client } = connect(lanes[1], pod);
        const begin = (await allEvents(client)).length;
        for (let kill = 0; kill < KILLS; ++kill) {
          await makeNote(client, { content: `before ${kill}` });
          await heard(() => told.length > 0, 'the first event');
          // Accepted, and perhaps not told yet.
          await client.notes.create.mutate({ content: `meanwhile ${kill}` });
          await pod.kill();
          await heard(() => statuses.at(-1) === 'interrupted', 'the page knows that the pod is away');
          await pod.startAgain();
          await makeNote(client, { content: `behind ${kill}` });
          const all = (await allEvents(client)).map((event) => event.position).slice(begin);
          await heard(() => told.length >= all.length, `${all.length} events`);
          assert.deepEqual(told.slice(0, all.length), all, 'each once, in order');
          assert.equal(statuses.at(-1), 'live');
        }
      });
    }
  }
});
