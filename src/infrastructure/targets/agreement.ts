import type { Tensor } from '../../onnx/index.js';

/** How far outputs agree with those of the reference. */
export interface Agreement {
  readonly status: 'agrees' | 'differs';
  /** Why, where it does not agree, or agrees though it is further off than usual. */
  readonly detail?: string;
  /** Largest difference of an output over the largest magnitude in it. */
  readonly difference?: number;
}

/** Compares outputs by name. @param tolerance largest difference that still agrees, relative to the largest magnitude in the output. */
export function agreementOf(
  expected: Readonly<Record<string, Tensor>>,
  got: Readonly<Record<string, Tensor>>,
  tolerance: number,
): Agreement {
  let difference = 0;
  let worst = '';
  for (const [name, want] of Object.entries(expected)) {
    const have = got[name];
    if (want.dtype !== have.dtype || want.shape.join() !== have.shape.join()) {
      return { status: 'differs', detail: `output "${name}" is ${have.dtype} [${have.shape}] instead of ${want.dtype} [${want.shape}]` };
    }
    const distance = want.dtype === 'string' ? textDistance(want, have) : relativeDistance(want, have);
    if (distance > difference) [difference, worst] = [distance, name];
  }
  if (difference <= tolerance) return { status: 'agrees', difference };
  return { status: 'differs', difference, detail: `output "${worst}" is off by ${difference.toPrecision(2)} of its largest magnitude` };
}

/** Largest difference over the largest finite magnitude; infinite where one has NaN or an infinity that the other has not. */
function relativeDistance(want: Tensor, have: Tensor): number {
  const [a, b] = [want.numbers(), have.numbers()];
  let [largest, scale] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) {
      if (Number.isFinite(a[i])) scale = Math.max(scale, Math.abs(a[i]));
      continue;
    }
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(a[i]));
  }
  return largest === 0 ? 0 : scale === 0 ? Number.POSITIVE_INFINITY : largest / scale;
}

function textDistance(want: Tensor, have: Tensor): number {
  const decoder = new TextDecoder();
  const texts = (tensor: Tensor) => tensor.stringBytes().map((bytes) => decoder.decode(bytes));
  const other = texts(have);
  return texts(want).every((text, i) => text === other[i]) ? 0 : Number.POSITIVE_INFINITY;
}
