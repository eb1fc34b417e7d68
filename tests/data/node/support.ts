import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import { createGzip } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';

/** A folder that goes when the test ends. */
export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Files = Record<string, Uint8Array | string>;

/** Writes files, and the folders that they need. */
export async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** Writes an archive with tar-stream, gzipped where the name says so. */
export async function writeTar(path: string, files: Files): Promise<void> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, Buffer.from(content));
  archive.finalize();
  const target = createWriteStream(path);
  await (path.endsWith('gz') ? pipeline(archive, createGzip(), target) : pipeline(archive, target));
}

/** A PNG of one colour (three numbers) or one gray (one number). */
export async function picture(colour: readonly number[], width = 4, height = 4): Promise<Uint8Array> {
  const data = Buffer.from(Array.from({ length: width * height }, () => colour).flat());
  return sharp(data, { raw: { width, height, channels: colour.length as 1 | 3 } })
    .png()
    .toBuffer();
}

/** Two classes with `count` images each; image i of class "cat" is (i, 0, 0), of "dog" (0, i, 0). */
export async function catsAndDogs(count: number, prefix = ''): Promise<Files> {
  const files: Files = {};
  for (let i = 1; i <= count; i++) {
    files[`${prefix}cat/${String(i).padStart(3, '0')}.png`] = await picture([i, 0, 0]);
    files[`${prefix}dog/${String(i).padStart(3, '0')}.png`] = await picture([0, i, 0]);
  }
  return files;
}
