import { type Buffer, hasVectors, type Kernel, unrolled, vectorized } from '../../codegen/index.js';
import type { PrintedKernel } from './printer.js';
import { type Printable, printEach, printShared } from './shared.js';
import { vectorOptions } from './vectors.js';

/** A kernel in plain C. */
export interface KernelText extends PrintedKernel {
  /** The same with the vectors of GCC and Clang, where there is something to gain. */
  readonly vectors?: PrintedKernel;
}

/**
 * Kernels in plain C and with vectors. Processors with vectors have registers enough for what a function of several kernels is called with: with vectors
 * there are such functions always. Those without take up to a fifth more instructions for them.
 * @param placeOf what two buffers share if they lie in the same place.
 * @param options small: functions of several kernels in plain C, too.
 */
export function kernelTexts(
  kernels: readonly Kernel[],
  placeOf: (buffer: Buffer) => unknown,
  { small = false }: { readonly small?: boolean } = {},
): KernelText[] {
  const plain = (small ? printShared : printEach)(
    kernels.map(({ body, plain: other = body }) => ({ body: unrolled(other, MOST_UNROLLED) })),
    placeOf,
  );
  const withVectors = new Map<number, Printable>();
  kernels.forEach(({ body }, place) => {
    const vectors = vectorized(body, vectorOptions);
    if (hasVectors(vectors)) withVectors.set(place, { body: vectors, buffers: plain[place].buffers });
  });
  const places = [...withVectors.keys()];
  const vectors = printShared([...withVectors.values()], placeOf);
  return plain.map((text, place) => (withVectors.has(place) ? { ...text, vectors: vectors[places.indexOf(place)] } : text));
}

/** Lanes up to which a loop is written out where there are no vectors: compilers keep registers in registers then. */
const MOST_UNROLLED = 6;
