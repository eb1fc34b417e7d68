import { type DataType, isFloat, type Tensor } from '../../onnx/index.js';

/** How far an output of a new model is from the original's, over everything that both were fed. */
export interface OutputNoise {
  readonly output: string;
  /**
   * Signal to noise ratio of the whole output in dB: the original's power over that of the difference; Infinity where they are the same. Undefined for what is
   * no floating point, is zero everywhere, or has another shape than the original's.
   */
  readonly sqnr?: number;
  /** Share of the numbers that are the same, for outputs of whole numbers, truths and texts. */
  readonly same?: number;
  /** How many that is a share of. */
  readonly numbers?: number;
  /** SQNR in dB of whole numbers where they are quantities, as levels of grey are; absent where nothing differs. */
  readonly asQuantity?: number;
  /** Why neither is known, or what is wrong besides: for people. */
  readonly remark?: string;
  /** Whether it stays below a tenth of what a probability may be, in both models: nothing that it answers to was among the inputs. */
  readonly isQuiet?: true;
  /** Whether its shape or type is not that of the original's. */
  readonly isOtherShape?: true;
}

/** Probabilities below this say no. */
export const QUIET = 0.1;

/** Adds up the power and the error of one output, run by run: memory does not grow. */
export class NoiseMeter {
  readonly #output: string;
  #power = 0;
  #error = 0;
  #numbers = 0;
  #same = 0;
  #dtype?: DataType;
  /** Smallest and largest number of either model's. */
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;
  #broken?: string;
  #isBroken = false;

  constructor(output: string) {
    this.#output = output;
  }

  add(wanted: Tensor, got: Tensor): void {
    this.#dtype = wanted.dtype;
    if (String(wanted.shape) !== String(got.shape) || wanted.dtype !== got.dtype) {
      this.#broken ??= `the shape is ${got.dtype} [${got.shape}], where the original's is ${wanted.dtype} [${wanted.shape}]`;
      return;
    }
    this.#numbers += wanted.size;
    if (isFloat(wanted.dtype)) this.#addFloats(wanted.toFloat32(), got.toFloat32());
    else this.#addWhole(wanted, got);
  }

  get noise(): OutputNoise {
    const output = this.#output;
    if (this.#isBroken) return { output, sqnr: Number.NEGATIVE_INFINITY, remark: "values are no finite numbers, where the original's are" };
    if (this.#broken !== undefined) return { output, remark: this.#broken, isOtherShape: true };
    if (this.#numbers === 0) return { output, remark: 'it is empty' };
    if (!this.#dtype || !isFloat(this.#dtype))
      return { output, same: this.#same / this.#numbers, numbers: this.#numbers, ...this.#asQuantity };
    if (this.#error === 0) return { output, sqnr: Number.POSITIVE_INFINITY };
    if (this.#power === 0) return { output, remark: "the original's is zero everywhere" };
    const isQuiet = this.#least >= 0 && this.#most < QUIET;
    return { output, sqnr: 10 * Math.log10(this.#power / this.#error), ...(isQuiet && { isQuiet }) };
  }

  #addWhole(wanted: Tensor, got: Tensor): void {
    this.#same += equalNumbers(wanted, got);
    if (wanted.dtype === 'string' || wanted.dtype === 'bool') return;
    const [a, b] = [wanted.numbers(), got.numbers()];
    for (let i = 0; i < a.length; i++) {
      this.#power += a[i] * a[i];
      this.#error += (a[i] - b[i]) * (a[i] - b[i]);
    }
  }

  get #asQuantity(): Pick<OutputNoise, 'asQuantity'> {
    return this.#error > 0 && this.#power > 0 ? { asQuantity: 10 * Math.log10(this.#power / this.#error) } : {};
  }

  /** Where the original itself overflows, on -inf for what is masked say, the new one must as well. */
  #addFloats(wanted: Float32Array, got: Float32Array): void {
    for (let i = 0; i < wanted.length; i++) {
      const [a, b] = [wanted[i], got[i]];
      if (!Number.isFinite(a)) continue;
      if (!Number.isFinite(b)) this.#isBroken = true;
      else {
        this.#least = Math.min(this.#least, a, b);
        this.#most = Math.max(this.#most, a, b);
        this.#power += a * a;
        this.#error += (a - b) * (a - b);
      }
    }
  }
}

function equalNumbers(wanted: Tensor, got: Tensor): number {
  if (wanted.dtype === 'string') {
    const [a, b] = [wanted, got].map((tensor) => tensor.stringBytes().map((bytes) => new TextDecoder().decode(bytes)));
    return a.filter((text, i) => text === b[i]).length;
  }
  const [a, b] = [wanted.bytes(), got.bytes()];
  const width = a.length / Math.max(1, wanted.size);
  let same = 0;
  for (let i = 0; i < wanted.size; i++) {
    let j = 0;
    while (j < width && a[i * width + j] === b[i * width + j]) j++;
    if (j === width) same++;
  }
  return same;
}
