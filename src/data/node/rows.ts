import { sizeOf } from '../../base/index.js';
import type { Dataset, InputSpec } from '../dataset.js';
import { checkIndices, checkSignal, makeBatch } from '../memory.js';
import type { Targets } from '../targets.js';
import { allocate, bytesOf, bytesPerElement } from '../tensor.js';
import { openForReading, readAt } from './files.js';

/** Samples of one input that lie one after the other in a file. */
export interface FileRows {
  name: string;
  path: string;
  /** Where the first sample starts, in bytes. */
  offset: number;
  size: number;
  input: InputSpec;
  targets?: Targets;
  files?: readonly string[];
  fingerprint: string;
}

/** A data set that reads its samples from the file when they are asked for, neighbours in one go. `close` frees the file. */
export async function fileDataset(rows: FileRows): Promise<{ dataset: Dataset; close: () => Promise<void> }> {
  const { name, path, offset, size, input, targets, files, fingerprint } = rows;
  const file = await openForReading(path);
  const elements = sizeOf(input.shape);
  const rowBytes = elements * bytesPerElement(input.type);
  const dataset: Dataset = {
    name,
    size,
    inputs: [input],
    ...(targets && { targets }),
    ...(files && { files }),
    fingerprint,
    async read(indices, signal) {
      checkIndices(indices, size, name);
      const data = allocate(input.type, indices.length * elements);
      const bytes = bytesOf(data);
      for (const { at, first, count } of runs(indices)) {
        checkSignal(signal);
        await readAt(file, bytes.subarray(at * rowBytes, (at + count) * rowBytes), offset + first * rowBytes, path);
      }
      const tensor = { type: input.type, shape: [indices.length, ...input.shape], data, kind: input.kind };
      return makeBatch(indices, { [input.name]: tensor }, targets);
    },
  };
  return { dataset, close: () => file.close() };
}

/** Stretches of consecutive indices: where each starts in the batch, the first sample, and how many. */
function runs(indices: Int32Array): { at: number; first: number; count: number }[] {
  const found: { at: number; first: number; count: number }[] = [];
  for (let i = 0; i < indices.length; i++) {
    const last = found[found.length - 1];
    if (last && indices[i] === last.first + last.count) last.count++;
    else found.push({ at: i, first: indices[i], count: 1 });
  }
  return found;
}
