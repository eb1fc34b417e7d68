import { DataError } from '../../base/index.js';
import type { Dataset } from '../dataset.js';
import { arrayDataset } from '../memory.js';
import type { Targets } from '../targets.js';
import type { DataTensor, SampleKind } from '../tensor.js';
import { listed, type TargetOptions, targetsFromTensor } from './labels.js';

export type PartName = 'train' | 'validation' | 'test';

const PART_NAMES: Record<string, PartName> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  t10k: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
};

/** Which part of a data set a folder, archive or array of this name holds; undefined where the name says nothing. */
export function partOf(name: string): PartName | undefined {
  return Object.hasOwn(PART_NAMES, name.toLowerCase()) ? PART_NAMES[name.toLowerCase()] : undefined;
}

/** A source that has only a validation part besides training lends it as test part: it is what others measured on. */
export function keepAsTest<T>(parts: Partial<Record<PartName, T>>): Partial<Record<PartName, T>> {
  const { train, validation, test } = parts;
  return test === undefined && validation !== undefined ? { train, test: validation } : parts;
}

const LABEL_NAMES = ['label', 'labels', 'y', 'target', 'targets', 'class', 'classes'];

export interface ArrayOptions extends TargetOptions {
  /** false reads every array as an input. Default: arrays named like labels are labels. */
  labelled?: boolean;
}

/**
 * Named arrays (a .npz archive, or a folder of .npy files) as data sets. Names such as x_train and y_test, or train_images, name a part; an
 * array named y, label(s), target(s) or class(es) holds labels; every other one is an input.
 * @throws DataError when arrays do not fit together.
 */
export function datasetsFromArrays(
  arrays: Readonly<Record<string, DataTensor>>,
  name: string,
  options: ArrayOptions = {},
): Partial<Record<PartName, Dataset>> {
  const groups = new Map<PartName, Record<string, DataTensor>>();
  const named = Object.entries(arrays).map(([key, tensor]) => [...partAndName(key), tensor] as const);
  const split = named.every(([part]) => part !== undefined) && named.some(([part]) => part === 'train');
  for (const [i, [part, inner, tensor]] of named.entries()) {
    const where = split && part ? part : 'train';
    groups.set(where, { ...groups.get(where), [split ? inner : Object.keys(arrays)[i]]: tensor });
  }
  let like: Targets | undefined;
  const result: Partial<Record<PartName, Dataset>> = {};
  // The training part comes first: its targets say what those of the others are.
  for (const part of ['train', 'validation', 'test'] as const) {
    const group = groups.get(part);
    if (!group) continue;
    result[part] = datasetFromArrays(group, split ? `${name} (${part})` : name, { ...options, like });
    like ??= result[part].targets;
  }
  return keepAsTest(result);
}

function partAndName(key: string): [PartName | undefined, string] {
  const pieces = key.split('_');
  const head = partOf(pieces[0]);
  if (pieces.length > 1 && head) return [head, pieces.slice(1).join('_')];
  const tail = partOf(pieces[pieces.length - 1]);
  return pieces.length > 1 && tail ? [tail, pieces.slice(0, -1).join('_')] : [undefined, key];
}

function datasetFromArrays(arrays: Readonly<Record<string, DataTensor>>, name: string, options: ArrayOptions): Dataset {
  const entries = Object.entries(arrays);
  const scalar = entries.find(([, tensor]) => tensor.shape.length === 0);
  if (scalar)
    throw new DataError({ what: `Array "${scalar[0]}" is a single number`, where: name, expected: 'a first axis that counts the samples' });
  const labelNames = options.labelled === false ? [] : entries.map(([key]) => key).filter((key) => LABEL_NAMES.includes(key.toLowerCase()));
  const inputs = entries.filter(([key]) => !labelNames.includes(key));
  if (labelNames.length > 1 || inputs.length === 0) {
    throw new DataError({
      what: labelNames.length > 1 ? 'Several arrays are named like labels' : 'There are labels and no inputs',
      where: name,
      got: listed(entries.map(([key]) => key)),
      fix: 'Keep one array of labels and at least one of inputs',
    });
  }
  const counts = new Set(entries.map(([, { shape }]) => shape[0]));
  if (counts.size > 1) {
    throw new DataError({
      what: 'The arrays have different numbers of samples',
      where: name,
      got: entries.map(([key, { shape }]) => `${key} [${shape.join(', ')}]`).join(', '),
      fix: 'The first axis of every array counts the samples; save only arrays that belong together',
    });
  }
  const targets = labelNames.length === 1 ? targetsFromTensor(arrays[labelNames[0]], name, options) : undefined;
  const described = inputs.map(([key, tensor]) => [key, describeArray(tensor)] as const);
  return arrayDataset({
    name,
    inputs: Object.fromEntries(described),
    kinds: Object.fromEntries(described.map(([key, { kind = 'tensor', type }]) => [key, { kind, ...rangeOf(type) }])),
    ...(targets && { targets }),
  });
}

/** Bytes [n, height, width] or [n, height, width, 1 or 3] are images; one number axis is features; the rest stays a tensor. */
export function describeArray(tensor: DataTensor): DataTensor {
  const { type, shape } = tensor;
  if (type === 'uint8' && shape.length === 3) return { ...tensor, shape: [...shape, 1], kind: 'image' };
  const image = type === 'uint8' && shape.length === 4 && (shape[3] === 1 || shape[3] === 3);
  const kind: SampleKind = image ? 'image' : shape.length === 2 && type.startsWith('float') ? 'features' : 'tensor';
  return { ...tensor, kind };
}

/** What values a type's samples can have, where that says something. */
export function rangeOf(type: DataTensor['type']): { range?: readonly [number, number] } {
  return type === 'uint8' ? { range: [0, 255] } : {};
}
