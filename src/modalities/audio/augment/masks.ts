import { OptionError, type Random } from '../../../base/index.js';
import type { DataTensor, PreparedChange, Transform } from '../../../data/index.js';
import { isFrontEnd } from '../features/preparations.js';
import { checkSounds } from './sounds.js';

/** A band along an axis: where it begins and how wide it is, as shares of the axis. */
interface Band {
  axis: 'time' | 'frequency';
  width: number;
  place: number;
}

/** Blanks bands of prepared spectrograms [n, ..., frames, width] with the sample's mean, after scaling. */
export function maskFeatures(name: string, share: number, bands: number): Transform {
  return (batch, random) => {
    checkSounds(batch, name);
    const drawn = Array.from({ length: batch.size }, () => drawBands(random, share, bands));
    const mask: PreparedChange = (prepared, from, { prepare }) => {
      if (batch.inputs[from].kind !== 'audio') return prepared;
      if (!isFrontEnd(prepare))
        throw new OptionError({
          what: 'This augmentation is for spectrograms, and the model takes the sound itself',
          where: `augmentation "${name}"`,
          fix: 'Leave it out, or train the model on features',
        });
      return masked(prepared, drawn);
    };
    return { ...batch, afterwards: [...(batch.afterwards ?? []), mask] };
  };
}

function drawBands(random: Random, share: number, count: number): Band[] {
  const axes = ['time', 'frequency'] as const;
  return axes.flatMap((axis) => Array.from({ length: count }, () => ({ axis, width: share * random.uniform(), place: random.uniform() })));
}

function masked(prepared: DataTensor, drawn: readonly Band[][]): DataTensor {
  const [frames, width] = prepared.shape.slice(-2);
  const data = prepared.data as Float32Array;
  const size = data.length / drawn.length;
  drawn.forEach((bands, i) => {
    const sample = data.subarray(i * size, (i + 1) * size);
    const mean = sample.reduce((sum, value) => sum + value, 0) / size;
    for (const band of bands) blank(sample, [frames, width], band, mean);
  });
  return prepared;
}

function blank(sample: Float32Array, [frames, width]: readonly number[], { axis, width: share, place }: Band, value: number): void {
  const length = axis === 'time' ? frames : width;
  const count = Math.round(share * length);
  const first = Math.floor(place * (length - count + 1));
  for (let i = 0; i < sample.length; i++) {
    const at = axis === 'time' ? Math.floor(i / width) % frames : i % width;
    if (at >= first && at < first + count) sample[i] = value;
  }
}
