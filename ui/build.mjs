// Writes the page to a folder: node build.mjs FOLDER
//   index.html, favicon.svg, app-<hash>.css, app-<hash>.js, and the chunks and the style that screens
//   are loaded from.
// Fails if a type is wrong, or if the bundle is larger than a first view may be.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';

import { shorter } from './shorter.mjs';

// What the first view may load, and all of it, in bytes after minifying.
const FIRST_VIEW_BYTES_MAX = 100_000;
const ALL_BYTES_MAX = 250_000;

const here = fileURLToPath(new URL('.', import.meta.url));

// What scripts set, by this name.
const NAMES_OF_SCRIPTS = ['--hue'];

// Of what is written after esbuild has named the files: another way of it is another name, too.
const SHORTER = createHash('sha256')
  .update(await readFile(join(here, 'shorter.mjs')))
  .digest('hex')
  .slice(0, 4);

/** Custom properties of the style have long names in the sources only. */
const shortProperties = {
  name: 'short-properties',
  setup({ onLoad }) {
    const folder = join(here, 'src/style');
    let shortened;
    const shorten = async () => {
      const names = new Set(NAMES_OF_SCRIPTS);
      for (const file of (await readdir(folder)).sort()) {
        const text = await readFile(join(folder, file), 'utf8');
        for (const [name] of text.matchAll(/--[a-z-]+(?=:)/g)) names.add(name);
      }
      const rest = [...names].slice(NAMES_OF_SCRIPTS.length);
      return new Map(rest.map((name, index) => [name, `--${index.toString(36)}`]));
    };
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      shortened ??= await shorten();
      const text = await readFile(path, 'utf8');
      const contents = text
        .replace(/--[a-z-]+/g, (name) => shortened.get(name) ?? name)
        .replace(/^( *--\w+): /gm, '$1:');
      return { contents, loader: 'css' };
    });
  },
};

/** Builds the page into `folder`; gives the bytes of the first view and of everything. */
export async function buildPage(folder) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: {
      app: 'src/main.tsx',
      'app-style': 'src/style/app.css',
      'screens-style': 'src/style/screens.css',
    },
    outdir: folder,
    entryNames: `[name]-[hash]${SHORTER}`,
    chunkNames: `[hash]${SHORTER}`,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox114', 'safari16.4'],
    minify: true,
    metafile: true,
    write: false,
    legalComments: 'none',
    charset: 'utf8',
    // tsconfig.json has the form that types are checked in, which says "children" for each element: 9 KB of all.
    tsconfigRaw: { compilerOptions: { jsx: 'react', jsxFactory: 'h', jsxFragmentFactory: 'Fragment' } },
    inject: ['src/lib/jsx.ts'],
    plugins: [shortProperties],
    logLevel: 'warning',
  });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const sizes = new Map();
  for (const file of result.outputFiles) {
    const contents = file.path.endsWith('.js') ? Buffer.from(shorter(file.text)) : file.contents;
    sizes.set(basename(file.path), contents.length);
    await writeFile(join(folder, basename(file.path)), contents);
  }

  const outputs = Object.entries(result.metafile.outputs).map(([path, output]) => [
    basename(path),
    output,
  ]);
  const script = outputs.find(([, output]) => output.entryPoint === 'src/main.tsx');
  const style = outputs.find(([, output]) => output.entryPoint === 'src/style/app.css');
  const screensStyle = outputs.find(([, output]) => output.entryPoint === 'src/style/screens.css');
  const preloads = script[1].imports
    .filter((one) => one.kind === 'import-statement')
    .map((one) => basename(one.path));
  const html = (await readFile(join(here, 'src/index.html'), 'utf8'))
    .replace('{{style}}', `/${style[0]}`)
    .replace('{{screensStyle}}', `/${screensStyle[0]}`)
    .replace('{{script}}', `/${script[0]}`)
    .replace(
      '{{preloads}}',
      preloads.map((name) => `<link rel="modulepreload" href="/${name}">`).join('\n'),
    );
  await writeFile(join(folder, 'index.html'), html);
  const icon = await readFile(join(here, 'src/favicon.svg'), 'utf8');
  await writeFile(join(folder, 'favicon.svg'), icon);

  const first = [script[0], style[0], ...preloads].reduce(
    (sum, name) => sum + sizes.get(name),
    html.length,
  );
  const all = [...sizes.values()].reduce((sum, bytes) => sum + bytes, html.length + icon.length);
  return { first, all, files: sizes };
}

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const folder = positionals[0] ?? join(here, 'dist');
  const tsc = fileURLToPath(new URL('node_modules/.bin/tsc', import.meta.url));
  const types = spawnSync(tsc, ['-p', join(here, 'tsconfig.json')], { stdio: 'inherit' });
  if (types.status !== 0) process.exit(1);
  const { first, all } = await buildPage(folder);
  console.log(`page: first view ${first} bytes, everything ${all} bytes, minified`);
  if (first > FIRST_VIEW_BYTES_MAX || all > ALL_BYTES_MAX) {
    console.error(
      `page: more than ${FIRST_VIEW_BYTES_MAX} for the first view, or ${ALL_BYTES_MAX} for all`,
    );
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
