// Writes the built page as C++ (src/page/files.h): node tools/embed_page.mjs FOLDER OUTPUT.cpp
// Each file as it is and compressed, beside OUTPUT.cpp, which takes their bytes in by #embed.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const [folder, output] = process.argv.slice(2);
const bytesFolder = join(dirname(output), 'bytes');
await mkdir(bytesFolder, { recursive: true });

const arrays = [];
const rows = [];
for (const name of (await readdir(folder)).sort()) {
  const type = TYPES[extname(name)];
  if (type === undefined) throw new Error(`${name}: no type is known for it`);
  const plain = await readFile(join(folder, name));
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 32);
  const forms = {
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    brotli: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  };
  const views = [];
  for (const [form, bytes] of Object.entries(forms)) {
    if (form !== 'plain' && bytes.length >= plain.length) {
      views.push('{}');
      continue;
    }
    const path = join(bytesFolder, `${hash}.${form}`);
    await writeFile(path, bytes);
    const array = `k${arrays.length}`;
    // The hash is in the name: a compiler cache that does not see what is embedded sees this.
    arrays.push(`constexpr unsigned char ${array}[] = {\n#embed "${path}"\n};`);
    views.push(`view(${array})`);
  }
  const isKept = /(^|-)[A-Z0-9]{8}\./.test(name);
  rows.push(`    {"${name}", "${type}", "\\"${hash}\\"", ${isKept}, ${views.join(', ')}},`);
}

await writeFile(output, `// Made by tools/embed_page.mjs.
#include "page/files.h"

namespace synap::page {
namespace {

template <std::size_t N>
std::string_view view(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

${arrays.join('\n')}

const File kFiles[] = {
${rows.join('\n')}
};

}  // namespace

std::span<const File> files() {
  return kFiles;
}

}  // namespace synap::page
`);
