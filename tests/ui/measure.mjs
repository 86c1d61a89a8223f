// How soon the page shows something, and its first live event: node measure.mjs [LOADS]
// Told, not asserted: SYNAP_BIN is a release build, and nothing else runs on the machine.
import { Site } from './site.mjs';

const loads = Number(process.argv[2] ?? 14);
const SLOWER = [1, 4]; // times as slow as this machine's processor

const inWords = (all) => {
  const sorted = all.map(Math.round).sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)]} ms in the middle of ${sorted.length} (${sorted[0]} to ${sorted.at(-1)})`;
};

/** Moments of one load, in ms since it began. Marks are set by the page's own frames, not by asking again and again. */
const watch = () => {
  const marks = (globalThis.marks = {});
  const looks = { 'first view': '.home h1', live: '[data-live=live]', events: '.events-short li' };
  const look = () => {
    for (const [name, selector] of Object.entries(looks))
      if (!(name in marks) && document.querySelector(selector)) marks[name] = performance.now();
    if (Object.keys(marks).length < 3) requestAnimationFrame(look);
    else {
      const now = (name) => performance.getEntriesByType('resource').find((one) => one.name.includes(name));
      marks['script is here'] = now('/app-')?.responseEnd;
      marks['/session asked'] = now('/session')?.startTime;
      marks['/session answered'] = now('/session')?.responseEnd;
      marks['/openapi.json answered'] = now('/openapi.json')?.responseEnd;
      globalThis.isMeasured = true;
    }
  };
  requestAnimationFrame(look);
};

const site = await Site.open();
try {
  const page = await site.visit();
  await site.signIn(page);
  await site.flood(200);
  await page.addInitScript(watch);
  const debug = await page.context().newCDPSession(page);
  for (const rate of SLOWER) {
    await debug.send('Emulation.setCPUThrottlingRate', { rate });
    const all = {};
    for (let load = 0; load < loads; ++load) {
      await page.reload();
      await page.waitForFunction(() => globalThis.isMeasured);
      for (const [name, ms] of Object.entries(await page.evaluate(() => globalThis.marks)))
        if (ms !== undefined) (all[name] ??= []).push(ms);
    }
    console.log(`processor slowed ${rate}x`);
    for (const [name, ms] of Object.entries(all)) console.log(`  ${name}: ${inWords(ms)}`);
  }
} finally {
  await site.close();
}
