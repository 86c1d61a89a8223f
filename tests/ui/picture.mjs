// Makes the pictures of the README from a real run: node tests/ui/picture.mjs FOLDER
// SYNAP_BIN names the program, as for the tests.
import { join } from 'node:path';

import { Site } from './site.mjs';

const NOTES = [
  ['# Harbour plan\n\nCranes first, then the **east quay**.\n\n- [x] soundings\n- [ ] permits', ['work', 'harbour']],
  ['# Reading list\n\n1. Designing Data-Intensive Applications\n2. The Art of Multiprocessor Programming', ['books']],
  ['# Bread\n\n500 g flour, 350 g water, 10 g salt, and a night.', ['kitchen']],
  ['# On event sourcing\n\n> What happened cannot unhappen.\n\nThe log is the truth, the rest is a view of it.', ['ideas', 'work']],
];
const TASKS = [
  { title: 'Order soundings of the east quay', priority: 'high', dueDate: '2026-12-01' },
  { title: 'Feed the sourdough' },
  { title: 'Return the library books', dueDate: '2026-12-03' },
];

const folder = process.argv[2] ?? 'docs/images';
const site = await Site.open();
try {
  const page = await site.visit();
  await site.signIn(page);
  let harbour;
  for (const [content, tags] of NOTES) {
    const id = await site.make('notes', { content, tags });
    harbour ??= id;
  }
  for (const task of TASKS) await site.call('tasks.create', task);
  await site.call('notes.update', { id: harbour, content: NOTES[0][0].replace('[ ]', '[x]') });
  await page.waitForTimeout(2_500);
  await site.goto(page, `/notes/${harbour}`);
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(folder, 'note.png') });
  await site.goto(page, '/events');
  await page.click('.virtual-list .row >> nth=2');
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(folder, 'events.png') });
} finally {
  await site.close();
}
