import { DataError, Sha256, sizeOf } from '../base/index.js';
import type { Dataset, InputSpec } from './dataset.js';
import { checkIndices, checkSignal, makeBatch } from './memory.js';
import { checkTargets, type Targets, targetBytes } from './targets.js';
import { allocate, bytesOf, type DataTensor, type TypedData } from './tensor.js';

/** Samples in memory that differ in length: texts, sounds. */
export interface RaggedData {
  /** For people. */
  name: string;
  /** Its shape is [longest, ...] with the rest of the axes the same for all samples; the longest is found here. */
  input: Omit<InputSpec, 'shape' | 'ragged'> & { shape?: readonly number[] };
  /** One array for each sample, of a whole number of steps. */
  samples: readonly TypedData[];
  targets?: Targets;
  /** Default: computed from the content. */
  fingerprint?: string;
}

/**
 * A data set of samples that differ in length. A batch is padded with zeros to its own longest sample and says how long each one is.
 * @throws OptionError where targets do not fit; DataError when there is no sample.
 */
export function raggedDataset({ name, input, samples, targets, fingerprint }: RaggedData): Dataset {
  if (samples.length === 0) throw new DataError({ what: 'There is no sample', where: name });
  if (targets) checkTargets(targets, samples.length, name);
  const rest = input.shape?.slice(1) ?? [];
  const step = sizeOf(rest);
  const longest = samples.reduce((most, sample) => Math.max(most, sample.length / step), 1);
  const spec: InputSpec = { ...input, shape: [longest, ...rest], ragged: true };
  return {
    name,
    size: samples.length,
    inputs: [spec],
    ...(targets && { targets }),
    fingerprint: fingerprint ?? raggedFingerprint(spec, samples, targets),
    async read(indices, signal) {
      checkIndices(indices, samples.length, name);
      checkSignal(signal);
      const rows = Array.from(indices, (index) => samples[index]);
      return makeBatch(indices, { [spec.name]: padded(rows, spec, step) }, targets);
    },
  };
}

/** Samples side by side, padded with zeros to the longest of them: at least one step. */
function padded(rows: readonly TypedData[], { type, shape, kind }: InputSpec, step: number): DataTensor {
  const lengths = Int32Array.from(rows, (row) => row.length / step);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const data = allocate(type, rows.length * longest * step);
  for (const [i, row] of rows.entries()) data.set(row as never, i * longest * step);
  return { type, shape: [rows.length, longest, ...shape.slice(1)], data, kind, lengths };
}

function raggedFingerprint({ name, type, shape }: InputSpec, samples: readonly TypedData[], targets: Targets | undefined): string {
  const hash = new Sha256().update(`${JSON.stringify([name, type, shape])}\n`);
  for (const sample of samples) hash.update(`${sample.length}\n`).update(bytesOf(sample));
  for (const bytes of targets ? targetBytes(targets) : []) hash.update(bytes);
  return hash.hex();
}

/** Texts as samples: UTF-8 bytes of different lengths, an input called "text". */
export function textDataset(name: string, texts: readonly string[], targets?: Targets): Dataset {
  const encoder = new TextEncoder();
  const samples = texts.map((text) => encoder.encode(text));
  return raggedDataset({ name, input: { name: 'text', type: 'uint8', kind: 'text' }, samples, ...(targets && { targets }) });
}
