import { checkIndices, checkSignal, type Dataset, type InputSpec, makeBatch, type Targets } from '../../../data/index.js';
import { openForReading, readAt } from '../../../data/node/index.js';

/** Sounds of different lengths that lie one after the other, as float32. */
interface StoredSounds {
  name: string;
  targets?: Targets;
  files?: readonly string[];
  fingerprint: string;
  sampleRate: number;
  /** What each is cut or padded to, in samples. */
  length: number;
  lengths: readonly number[];
  /** Whether a batch is padded to its own longest sound instead. */
  ragged: boolean;
  /** Where the first one begins, in bytes. */
  offset: number;
  /** The bytes, or the file that they are in. */
  source: Uint8Array | string;
}

/** A data set of sounds, an input called "sound"; batches say how far each goes. `close` frees the file. */
export async function soundDataset(stored: StoredSounds): Promise<{ dataset: Dataset; close: () => Promise<void> }> {
  const { name, targets, files, fingerprint, sampleRate, lengths, ragged, source } = stored;
  const starts = startsOf(stored);
  const file = typeof source === 'string' ? await openForReading(source) : undefined;
  const input: InputSpec = { name: 'sound', type: 'float32', shape: [stored.length], kind: 'audio', sampleRate, ...(ragged && { ragged }) };
  const dataset: Dataset = {
    name,
    size: lengths.length,
    inputs: [input],
    ...(targets && { targets }),
    ...(files && { files }),
    fingerprint,
    async read(indices, signal) {
      checkIndices(indices, lengths.length, name);
      const kept = Int32Array.from(indices, (index) => Math.min(stored.length, lengths[index]));
      const length = ragged ? kept.reduce((most, each) => Math.max(most, each), 1) : stored.length;
      const data = new Float32Array(indices.length * length);
      const bytes = new Uint8Array(data.buffer);
      for (const [i, index] of indices.entries()) {
        checkSignal(signal);
        const target = bytes.subarray(4 * i * length, 4 * (i * length + kept[i]));
        if (file) await readAt(file, target, starts[index], source as string);
        else target.set((source as Uint8Array).subarray(starts[index], starts[index] + target.length));
      }
      const tensor = { type: input.type, shape: [indices.length, length], data, kind: input.kind, lengths: kept };
      return makeBatch(indices, { sound: tensor }, targets);
    },
  };
  return { dataset, close: async () => file?.close() };
}

/** Where each sound begins, in bytes. */
function startsOf({ lengths, offset }: Pick<StoredSounds, 'lengths' | 'offset'>): Float64Array {
  const starts = new Float64Array(lengths.length);
  let at = offset;
  for (const [i, length] of lengths.entries()) {
    starts[i] = at;
    at += 4 * length;
  }
  return starts;
}
