// The client as it is built, bundled as pages do it, in a real browser on a page of another origin:
// CORS, the browser's own WebSocket and its own EventSource.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, servePage } from './browser.mjs';
import { allEvents, connect, lanes, makeNote, Pod, within } from './harness.mjs';

describe('@synap/client in Chromium', () => {
  let pod;
  let site;
  let browser;
  let page;
  const complaints = [];
  before(async () => {
    [pod, site] = await Promise.all([Pod.start(), servePage()]);
    browser = await launchBrowser();
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.setDefaultTimeout(30_000);
    await page.goto(site.url);
    assert.notEqual(new URL(page.url()).origin, new URL(pod.url).origin);
  });
  after(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
    await pod?.remove();
  });

  /** Runs `inPage(client, events, argument)` with a client of the pod. */
  const run = (transport, inPage, argument) =>
    within(
      page.evaluate(
        async ({ url, key, transport, source, argument }) => {
          const { createSynapClient } = await import('/client.js');
          const client = createSynapClient({ url, key, transport });
          try {
            return await (0, eval)(`(${source})`)(client, argument);
          } finally {
            await client.close();
          }
        },
        { url: pod.url, key: pod.key, transport, source: inPage.toString(), argument },
      ),
      'the page is done',
    );

  for (const transport of ['websocket', 'sse']) {
    test(`makes a note and sees it completed, over ${transport}`, async () => {
      const seen = await run(transport, async (client) => {
        const events = client.watch({ types: ['note.creation.completed'] });
        await events.ready;
        const { requestId, entityId } = await client.notes.create.mutate({ content: '# From a page 🙂' });
        for await (const event of events) {
          if (event.requestId !== requestId) continue;
          const { status } = await client.waitFor(requestId);
          return { event, status, note: await client.notes.get.query({ id: entityId }) };
        }
      });
      assert.equal(seen.status, 'completed');
      assert.equal(seen.note.title, 'From a page 🙂');
      assert.equal(seen.event.data.file.checksum, seen.note.checksum);
    });

    test(`goes on behind its last event when the pod was killed, over ${transport}`, async () => {
      const { client } = connect(lanes[1], pod);
      await makeNote(client, { content: 'one' });
      const watching = run(
        transport,
        async (client) => {
          const positions = [];
          for await (const event of client.watch({ lastEventId: '0' })) {
            positions.push(event.position);
            window.told = positions.length;
            if (event.type === 'note.deletion.completed') return positions;
          }
        },
      );
      const count = (await allEvents(client)).length;
      await page.waitForFunction((count) => window.told >= count, count);
      await pod.kill();
      await pod.startAgain();
      const { entityId: id } = await makeNote(client, { content: 'two' });
      await client.notes.delete.mutate({ id });
      const positions = await watching;
      const all = (await allEvents(client)).map((event) => event.position);
      assert.deepEqual(positions, all);
      // The next round begins at 0 and must not end at this deletion.
      await page.evaluate(() => delete window.told);
      await pod.remove();
      pod = await Pod.start();
    });

    test(`is told why it is refused, over ${transport}`, async () => {
      const codes = await within(
        page.evaluate(
          async ({ url, transport }) => {
            const { createSynapClient } = await import('/client.js');
            const client = createSynapClient({ url, key: 'synap_wrong', transport });
            const codes = [];
            const note = (error) => codes.push(error.data?.code);
            await client.notes.list.query().catch(note);
            await (async () => { for await (const _ of client.watch({ lastEventId: '0' })); })().catch(note);
            await client.close();
            return codes;
          },
          { url: pod.url, transport },
        ),
        'the page is done',
      );
      assert.deepEqual(codes, ['UNAUTHORIZED', 'UNAUTHORIZED']);
    });
  }

  test('more waits than a browser has connections, over sse', async () => {
    const statuses = await run('sse', async (client) => {
      const made = Array.from({ length: 20 }, (_, i) => client.notes.create.mutate({ content: `${i}` }));
      const waits = (await Promise.all(made)).map(({ requestId }) => client.waitFor(requestId));
      return (await Promise.all(waits)).map((request) => request.status);
    });
    assert.deepEqual(statuses, Array.from({ length: 20 }, () => 'completed'));
  });

  test('the page had no error', () => assert.deepEqual(complaints, []));
});
