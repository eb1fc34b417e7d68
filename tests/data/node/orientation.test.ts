import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset } from 'espalier/data/node';
import { oriented, quarters } from './photos.js';
import { temporaryFolder, writeFiles } from './support.js';

/** What a viewer sees of the quarters RG/BW, row by row, by the number that TIFF 6.0 and EXIF 2.3 give to each way a camera was held. */
const SEEN = ['RG/BW', 'GR/WB', 'WB/GR', 'BW/RG', 'RB/GW', 'BR/WG', 'WG/BR', 'GW/RB'];

async function seen(folder: string, name: string, orient?: boolean): Promise<{ shape: readonly number[]; quarters: string }> {
  const { train } = await openDataset(join(folder, name), { cacheDir: join(folder, 'cache'), orient });
  const { image } = (await train.read(Int32Array.of(0))).inputs;
  const [, height, width] = image.shape;
  const colour = (y: number, x: number) => {
    const [red, green, blue] = image.data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3) as Uint8Array;
    return red > 128 && green > 128 ? 'W' : red > 128 ? 'R' : green > 128 ? 'G' : blue > 128 ? 'B' : '?';
  };
  const rows = [0.25, 0.75].map((v) => [0.25, 0.75].map((u) => colour(Math.floor(v * height), Math.floor(u * width))).join(''));
  return { shape: image.shape.slice(1), quarters: rows.join('/') };
}

test('photos are turned as their EXIF orientation says, in all eight ways, or left as they are stored', async (t) => {
  const folder = await temporaryFolder(t);
  const photo = await quarters(32, 16);
  for (const [index, expected] of SEEN.entries()) {
    const orientation = index + 1;
    const name = `photo${orientation}`;
    await writeFiles(join(folder, name), { 'photo.jpg': oriented(photo, orientation) });
    const shape = orientation > 4 ? [32, 16, 3] : [16, 32, 3];
    assert.deepEqual(await seen(folder, name), { shape, quarters: expected }, name);
    // What was decoded is kept: photos as they are stored must not be answered with those that were turned.
    assert.deepEqual(await seen(folder, name, false), { shape: [16, 32, 3], quarters: SEEN[0] }, name);
    assert.deepEqual(await seen(folder, name, true), { shape, quarters: expected }, name);
  }
});
