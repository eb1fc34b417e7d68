import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EspalierError, Random } from 'espalier/base';
import { openDataset } from 'espalier/data/node';
import { fixture } from '../../support/paths.js';
import { catsAndDogs, temporaryFolder, writeTar } from './support.js';

/** A few bytes changed, cut out or cut off. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  for (let i = random.integer(8); i >= 0; i--) copy[random.integer(copy.length)] = random.integer(256);
  const [from, to] = [random.integer(copy.length), random.integer(copy.length)].sort((a, b) => a - b);
  if (random.uniform() < 0.3) return copy.subarray(0, from);
  return random.uniform() < 0.2 ? new Uint8Array([...copy.subarray(0, from), ...copy.subarray(to)]) : copy;
}

test('damaged files are read or refused, and nothing else happens', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTar(join(folder, 'whole.tar'), await catsAndDogs(3));
  const tar = readFileSync(join(folder, 'whole.tar'));
  const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8);
  const csv = new TextEncoder().encode('a,b,"c"\n1,2,x\n3,4.5,"y ""z"""\n5,6,x\n');
  const seeds: Record<string, Uint8Array> = {
    'a.npy': readFileSync(fixture('data', 'lf4.npy')),
    'a.npz': readFileSync(fixture('data', 'deflated.npz')),
    'b.npz': readFileSync(fixture('data', 'stored.npz')),
    'train-images-idx3-ubyte': idx,
    'test-images-idx3-ubyte.gz': gzipSync(idx),
    'a.csv': csv,
    'a.tar': tar,
    'a.tgz': gzipSync(tar),
  };
  const random = new Random(1);
  let refused = 0;
  for (const [name, whole] of Object.entries(seeds)) {
    const path = join(folder, name);
    for (let round = 0; round < (name.startsWith('a.t') ? 40 : 150); round++) {
      writeFileSync(path, damage(whole, random));
      try {
        await (await openDataset(path, { cacheDir: join(folder, 'cache') })).close();
      } catch (error) {
        assert.ok(error instanceof EspalierError, `${name}, round ${round}: ${(error as Error).stack}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 300, String(refused));
});
