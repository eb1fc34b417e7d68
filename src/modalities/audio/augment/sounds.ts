import { OptionError, type Random } from '../../../base/index.js';
import type { Batch, DataTensor, Transform } from '../../../data/index.js';

/** A change to one sound: reads `from`, fills `to`, which begins as zeros and is as long. */
export type SoundChange = (from: Float32Array, to: Float32Array) => void;

/** A transform that changes each sound by what `draw` draws for it. @throws OptionError, when it runs, where the data has no sounds. */
export function changeSounds(name: string, draw: (random: Random) => SoundChange): Transform {
  return (batch, random) => {
    checkSounds(batch, name);
    const changes = Array.from({ length: batch.size }, () => draw(random));
    const inputs = Object.entries(batch.inputs).map(([key, tensor]) => [key, tensor.kind === 'audio' ? changed(tensor, changes) : tensor]);
    return { ...batch, inputs: Object.fromEntries(inputs) };
  };
}

function changed(tensor: DataTensor, changes: readonly SoundChange[]): DataTensor {
  const from = tensor.data as Float32Array;
  const length = from.length / changes.length;
  const data = new Float32Array(from.length);
  changes.forEach((change, i) => {
    change(from.subarray(i * length, (i + 1) * length), data.subarray(i * length, (i + 1) * length));
  });
  return { ...tensor, data };
}

/** @throws OptionError where the data has no sounds. */
export function checkSounds({ inputs }: Batch, name: string): void {
  const entries = Object.entries(inputs);
  if (entries.some(([, { kind }]) => kind === 'audio')) return;
  throw new OptionError({
    what: 'This augmentation is for sounds, and the data has none',
    where: `augmentation "${name}"`,
    got: entries.map(([key, { shape }]) => `"${key}" [${shape.join(', ')}]`).join(', '),
    fix: 'Leave it out; mixup works on any data',
  });
}

/** Root of the mean square of what is sounding: padding is no part of it. */
export function loudness(sound: Float32Array): number {
  let [sum, count] = [0, 0];
  for (const value of sound) {
    sum += value * value;
    count += Number(value !== 0);
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

/** The sound played `factor` times as fast, higher by as much; cubic interpolation (Catmull and Rom 1974) between samples. */
export function atSpeed(from: Float32Array, to: Float32Array, factor: number): void {
  const at = (i: number) => from[i] ?? 0;
  for (let i = 0; i < to.length; i++) {
    const position = i * factor;
    const k = Math.floor(position);
    if (k >= from.length) return;
    const t = position - k;
    const [a, b, c, d] = [at(k - 1), at(k), at(k + 1), at(k + 2)];
    to[i] = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  }
}
