import { Random } from '../base/index.js';

const Z95 = 1.959963984540054;

/** 95% interval of a proportion by Wilson's score method (1927); [0, 1] for no samples. */
export function wilsonInterval(hits: number, samples: number, z = Z95): [number, number] {
  if (samples === 0) return [0, 1];
  const p = hits / samples;
  const scale = 1 + (z * z) / samples;
  const centre = (p + (z * z) / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / samples + (z * z) / (4 * samples * samples));
  return [hits === 0 ? 0 : centre - half, hits === samples ? 1 : centre + half];
}

const RESAMPLES = 200;
/** Numbers that all resamples together may look at: an interval is not to take longer than the evaluation. */
const WORK = 4e7;

/**
 * 95% percentile interval by the bootstrap (Efron 1979): the score of samples drawn anew with replacement, 200 times. The same answers give the
 * same interval. Undefined where there are too many numbers for at least 40 resamples, or the score is not defined on most.
 * @param numbers that one score looks at.
 */
export function bootstrapInterval(
  samples: number,
  numbers: number,
  score: (drawn: Int32Array) => number,
): readonly [number, number] | undefined {
  const count = Math.min(RESAMPLES, Math.floor(WORK / Math.max(1, numbers)));
  if (count < 40 || samples < 2) return undefined;
  const random = new Random('bootstrap');
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const value = score(Int32Array.from({ length: samples }, () => random.integer(samples)));
    if (Number.isFinite(value)) values.push(value);
  }
  if (values.length < count / 2) return undefined;
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return [at(0.025), at(0.975)];
}

/** Answers whose numbers stand in rows, one a sample. */
interface Rows {
  size: number;
  data: Float32Array;
}

type Column = Float32Array | Int32Array | Uint8Array;

/** Bootstrap interval of a score of rows, each with as many targets as any other; see `bootstrapInterval`. */
export function resampled<P extends Rows, T extends Column>(score: (predictions: P, targets: T) => number) {
  return (predictions: P, targets: T): readonly [number, number] | undefined => {
    const { size, data } = predictions;
    return bootstrapInterval(size, data.length, (drawn) =>
      score({ ...predictions, data: rowsAt(data, size, drawn) }, rowsAt(targets, size, drawn)),
    );
  };
}

/** The rows of a matrix of `size` rows, in the order of `indices`. */
function rowsAt<T extends Column>(data: T, size: number, indices: Int32Array): T {
  const width = data.length / size;
  const rows = new (data.constructor as new (length: number) => T)(indices.length * width);
  indices.forEach((index, i) => {
    rows.set(data.subarray(index * width, (index + 1) * width), i * width);
  });
  return rows;
}
