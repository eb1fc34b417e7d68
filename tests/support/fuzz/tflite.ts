import { readFileSync } from 'node:fs';
import type { Random } from 'espalier/base';
import { fixture } from '../paths.js';
import { damage, oddNumbers } from './odd.js';

let honest: readonly (readonly [name: string, bytes: Uint8Array])[] | undefined;

/** The small models of tests/fixtures/tflite/read.json. */
function seeds() {
  honest ??= Object.entries(JSON.parse(readFileSync(fixture('tflite', 'read.json'), 'utf8')) as Record<string, { model: string }>).map(
    ([name, { model }]) => [name, new Uint8Array(Buffer.from(model, 'base64'))] as const,
  );
  return honest;
}

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Changes one whole number of four bytes: an offset, a length, a size, an index. */
function word(change: (value: number, random: Random, bytes: Uint8Array) => number): Mutation {
  return (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    const view = new DataView(copy.buffer);
    for (let i = random.integer(3); i >= 0; i--) {
      const at = 4 * random.integer(Math.floor(copy.length / 4));
      view.setInt32(at, change(view.getInt32(at, true), random, bytes) | 0, true);
    }
    return copy;
  };
}

const mutations: Readonly<Record<string, Mutation>> = {
  damage: (bytes, random) => damage(bytes, random),
  'an odd number': word((_, random) => Number(BigInt.asIntN(32, random.pick(oddNumbers)))),
  'an offset a little off': word((value, random) => value + random.integer(33) - 16),
  'an offset to anywhere': word((_, random, bytes) => random.integer(bytes.length)),
  'a small number': word((_, random) => random.integer(8)),
  'a byte': (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    copy[random.integer(copy.length)] = random.pick([0, 1, 2, 3, 4, 7, 9, 32, 127, 128, 255]);
    return copy;
  },
  'a steering name': (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    const letters = [...copy.keys()].filter((at) => copy[at] >= 97 && copy[at] <= 122);
    if (letters.length > 0) for (let i = 0; i < 4; i++) copy[random.pick(letters)] = random.pick([27, 7, 0, 155]);
    return copy;
  },
  'words exchanged': (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    const [from, to] = [4 * random.integer(copy.length >> 2), 4 * random.integer(copy.length >> 2)];
    copy.set(bytes.subarray(from, from + 4), to);
    return copy;
  },
};

/** A vector of many offsets that all point to one table. */
function bomb(random: Random): Uint8Array {
  const count = random.pick([1000, 100_000, 1_000_000]);
  const bytes = new Uint8Array(48 + 4 * count);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('TFL3'), 4);
  view.setUint32(0, 24, true);
  // One vtable for the model and what its vectors hold: as many fields as a model has, each of them the same vector.
  view.setUint16(8, 16, true);
  view.setUint16(10, 8, true);
  for (let field = 0; field < 6; field++) view.setUint16(12 + 2 * field, 4, true);
  view.setInt32(24, 16, true);
  view.setUint32(28, 4, true);
  view.setUint32(32, count, true);
  for (let i = 0; i < count; i++) view.setUint32(36 + 4 * i, (24 - (36 + 4 * i)) >>> 0, true);
  return bytes;
}

/** A TensorFlow Lite model, and what was done to it. */
export function mutatedTflite(random: Random): { name: string; bytes: Uint8Array; what: string } {
  if (random.uniform() < 0.005) return { name: 'model.tflite', bytes: bomb(random), what: 'a table that is pointed at many times' };
  const [seed, bytes] = random.pick(seeds());
  const names = Object.keys(mutations);
  const done: string[] = [];
  let made = bytes;
  for (let i = random.integer(3); i >= 0 && made.length >= 64; i--) {
    const name = random.pick(names);
    made = mutations[name](made, random);
    done.push(name);
  }
  return { name: 'model.tflite', bytes: made, what: `${seed}: ${done.join(', ')}` };
}
