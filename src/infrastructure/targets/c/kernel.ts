import { type Buffer, hasVectors, type Kernel, unrolled, vectorized } from '../../codegen/index.js';
import { KernelPrinter, type PrintedKernel } from './printer.js';
import { vectorOptions } from './vectors.js';

/** A kernel in plain C. */
export interface KernelText extends PrintedKernel {
  /** The same with the vectors of GCC and Clang, where there is something to gain. */
  readonly vectors?: PrintedKernel;
}

/** @param placeOf what two buffers share if they lie in the same place. */
export function kernelText({ body, plain: other = body }: Kernel, placeOf: (buffer: Buffer) => unknown): KernelText {
  const plain = new KernelPrinter(placeOf).print(unrolled(other, MOST_UNROLLED));
  const vectors = vectorized(body, vectorOptions);
  return hasVectors(vectors) ? { ...plain, vectors: new KernelPrinter(placeOf, plain.buffers).print(vectors) } : plain;
}

/** Lanes up to which a loop is written out where there are no vectors: compilers keep registers in registers then. */
const MOST_UNROLLED = 6;
