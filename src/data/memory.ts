import { DataError, lookup, OptionError, Stopped, sizeOf } from '../base/index.js';
import type { Batch, Dataset, InputSpec } from './dataset.js';
import { fingerprintOf } from './fingerprint.js';
import { checkTargets, pickTargets, type Targets } from './targets.js';
import { allocate, checkTensor, type DataTensor } from './tensor.js';

/** Samples that lie in memory. */
export interface ArrayData {
  /** For people. */
  name: string;
  /** By input name; the first axis of each counts the samples and must agree. */
  inputs: Readonly<Record<string, DataTensor>>;
  /** What each input's axes mean, and the range of its values. Default: the tensor's own kind or "tensor", without a range. */
  kinds?: Readonly<Record<string, Pick<InputSpec, 'kind' | 'range' | 'columns' | 'names' | 'sampleRate'>>>;
  /** What is to be answered for each sample. Default: nothing. */
  targets?: Targets;
  /** Paths of the samples' files; see Dataset. */
  files?: readonly string[];
  /** Default: computed from the content. */
  fingerprint?: string;
}

/**
 * A data set over arrays in memory, which are not copied.
 * @throws OptionError when shapes, counts or targets do not fit; DataError when there is no sample.
 */
export function arrayDataset(data: ArrayData): Dataset {
  const { name, inputs, targets } = data;
  const size = countSamples(data);
  if (targets) checkTargets(targets, size, name);
  const specs = Object.entries(inputs).map(([key, tensor]): InputSpec => {
    const { kind = tensor.kind ?? 'tensor', range, columns, names, sampleRate } = lookup(data.kinds ?? {}, key) ?? {};
    const known = { ...(columns && { columns }), ...(names && { names }), ...(range && { range }), ...(sampleRate && { sampleRate }) };
    return { name: key, type: tensor.type, shape: tensor.shape.slice(1), kind, ...known };
  });
  const tensors = specs.map((spec) => ({ ...inputs[spec.name], kind: spec.kind }));
  return {
    name,
    size,
    inputs: specs,
    ...(targets && { targets }),
    ...(data.files && { files: data.files }),
    fingerprint: data.fingerprint ?? fingerprintOf(inputs, targets),
    async read(indices, signal) {
      checkIndices(indices, size, name);
      checkSignal(signal);
      const gathered = specs.map(({ name: key }, i) => [key, gather(tensors[i], indices)] as const);
      return makeBatch(indices, Object.fromEntries(gathered), targets);
    },
  };
}

/** The rows of a tensor, copied side by side. */
export function gather(tensor: DataTensor, indices: Int32Array): DataTensor {
  const width = sizeOf(tensor.shape) / Math.max(1, tensor.shape[0]);
  const data = allocate(tensor.type, indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * width;
    data.set(tensor.data.subarray(from, from + width) as never, i * width);
  }
  return { ...tensor, shape: [indices.length, ...tensor.shape.slice(1)], data };
}

/** A batch of what was read, with its targets picked from those of the whole. */
export function makeBatch(indices: Int32Array, inputs: Record<string, DataTensor>, targets: Targets | undefined): Batch {
  return { size: indices.length, indices: indices.slice(), inputs, ...(targets && { targets: pickTargets(targets, indices) }) };
}

/** @throws OptionError when an index lies outside [0, size). */
export function checkIndices(indices: Int32Array, size: number, name: string): void {
  const bad = indices.find((index) => index < 0 || index >= size);
  if (bad !== undefined)
    throw new OptionError({ what: 'No such sample', where: name, expected: `an index in [0, ${size})`, got: String(bad) });
}

/** @throws Stopped when the signal is aborted. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Stopped('Reading data was stopped');
}

function countSamples({ name, inputs }: ArrayData): number {
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new OptionError({ what: 'A data set needs at least one input', where: name });
  for (const [key, tensor] of entries) checkTensor(`${name}, input "${key}"`, tensor);
  const size = entries[0][1].shape[0];
  if (entries.some(([, tensor]) => tensor.shape[0] !== size)) {
    throw new OptionError({
      what: 'The inputs have different numbers of samples',
      where: name,
      got: entries.map(([key, tensor]) => `${key} [${tensor.shape.join(', ')}]`).join(', '),
      fix: 'The first axis of every array counts the samples; it must be the same in all',
    });
  }
  if (size === 0) throw new DataError({ what: 'There is no sample', where: name });
  return size;
}
