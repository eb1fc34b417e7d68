import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from 'espalier/base';
import { fixture, shared } from '../paths.js';
import { mutatedData } from './data.js';
import { mutatedModel } from './models.js';
import { mutatedTflite } from './tflite.js';

/** Models longer than this are not mutated, in bytes: every case writes and reads its model several times. */
const LONGEST = 200_000;
/** The share of cases that are files of data, and that of TensorFlow Lite models, which is drawn first and by itself: other cases keep their numbers. */
const DATA = 0.25;
const TFLITE = 0.2;

/** One case: a file, and what was done to it. The same number gives the same case where the same seeds are there. */
export interface FuzzCase {
  number: number;
  kind: 'model' | 'tflite' | 'data';
  name: string;
  bytes: Uint8Array;
  /** Which seed was changed, and how. */
  what: string;
}

export interface Seeds {
  names: string[];
  read(name: string): Uint8Array;
}

/**
 * The models that mutations start from: the repository's fixtures, and, where they are and `all` says so, the ONNX project's node tests and real
 * models beside this checkout.
 */
export function seedModels(all: boolean): Seeds {
  const paths = new Map<string, string>();
  const add = (label: string, path: string) => {
    const { size } = statSync(path);
    if (size > 0 && size <= LONGEST) paths.set(label, path);
  };
  for (const name of ['tensors.onnx', 'sparse.onnx', 'everything.onnx', 'functions.onnx', join('external', 'inside.onnx')])
    add(name, fixture('onnx', name));
  for (const folder of all ? ['data/onnx-node-tests', 'models', 'cases'] : []) {
    const path = shared(folder);
    if (!path) continue;
    for (const file of (readdirSync(path, { recursive: true }) as string[]).filter((each) => each.endsWith('.onnx')).sort())
      if (!file.includes('hostile')) add(`${folder}/${file}`, join(path, file));
  }
  const read = new Map<string, Uint8Array>();
  return {
    names: [...paths.keys()],
    read(name) {
      const known = read.get(name) ?? new Uint8Array(readFileSync(paths.get(name) as string));
      read.set(name, known);
      return known;
    },
  };
}

export function caseOf(number: number, seeds: Seeds): FuzzCase {
  if (new Random(`format ${number}`).uniform() < TFLITE) return tfliteCaseOf(number);
  const random = new Random(`fuzz ${number}`);
  if (random.uniform() < DATA) return { number, kind: 'data', ...mutatedData(random) };
  const seed = random.pick(seeds.names);
  const { bytes, what } = mutatedModel(seeds.read(seed), random);
  return { number, kind: 'model', name: 'model.onnx', bytes, what: `${seed}: ${what}` };
}

/** The case of that number among TensorFlow Lite models alone. */
export function tfliteCaseOf(number: number): FuzzCase {
  return { number, kind: 'tflite', ...mutatedTflite(new Random(`tflite ${number}`)) };
}
