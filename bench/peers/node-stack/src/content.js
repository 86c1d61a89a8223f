// Note bodies as files: {userId}/note/{id}.md, durable before they get their name.
import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { config, userId } from './config.js';

export async function createDirectories() {
  await mkdir(join(config.dataDirectory, userId, 'note'), { recursive: true });
}

export async function upload(id, content) {
  const filePath = `${userId}/note/${id}.md`;
  const finalPath = join(config.dataDirectory, filePath);
  const temporaryPath = `${finalPath}.tmp`;
  const bytes = Buffer.from(content, 'utf8');
  const file = await open(temporaryPath, 'w');
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporaryPath, finalPath);
  const checksum = createHash('sha256').update(bytes).digest('hex');
  return { filePath, fileSize: bytes.length, checksum };
}
