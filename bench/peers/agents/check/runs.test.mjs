// What measures LangGraph's runs must see a checkpoint that is not kept, and one that is not as it
// was put; and what it is compared with must be on disk.
//
//   npm test
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { measure, syncedSaver } from '../src/runs.mjs';

const directory = mkdtempSync(join(tmpdir(), 'synap-bench-agents-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;
const runs = (durability, open) =>
  measure({ count: 2, inFlight: 2, warm: 1, durability, file: join(directory, `${++files}.db`), open });

for (const durability of ['sync', 'async', 'exit']) {
  test(`runs of durability ${durability} are whole`, async () => {
    const result = await runs(durability);
    assert.equal(result.wrong, 0);
    assert.ok(result.runs_per_s > 0);
  });
}

test('a checkpoint that is lost shows', async () => {
  const losing = (file) => {
    const saver = syncedSaver(file);
    const put = saver.put.bind(saver);
    saver.put = (config, checkpoint, metadata) =>
      metadata.step === 3 ? config : put(config, checkpoint, metadata);
    return saver;
  };
  assert.equal((await runs('sync', losing)).wrong, 3);
});

test('a state that is not as it was put shows', async () => {
  const changing = (file) => {
    const saver = syncedSaver(file);
    const put = saver.put.bind(saver);
    saver.put = (config, checkpoint, metadata) => {
      const { text } = checkpoint.channel_values;
      if (metadata.step !== 2) return put(config, checkpoint, metadata);
      return put(config, { ...checkpoint, channel_values: { ...checkpoint.channel_values, text: `${text}!` } }, metadata);
    };
    return saver;
  };
  assert.equal((await runs('sync', changing)).wrong, 3);
});
