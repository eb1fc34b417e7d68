import type { Buffer, Statement } from '../../codegen/index.js';
import { ARGUMENT_BYTES, CODE_BYTES } from './estimate.js';
import { literal } from './numbers.js';
import { type Parameterization, parametersOf } from './parameters.js';
import { KernelPrinter, type PrintedKernel } from './printer.js';
import { chosen, noting, type Slot } from './slots.js';

/** What a function is made of. */
export interface Printable {
  readonly body: readonly Statement[];
  /** Parameters in the order in which they are to be, where that is given. */
  readonly buffers?: readonly Buffer[];
}

/** Kernels as C functions: those of one text are one. @param placeOf what two buffers share if they lie in the same place. */
export function printEach(kernels: readonly Printable[], placeOf: (buffer: Buffer) => unknown): PrintedKernel[] {
  return kernels.map(({ body, buffers }) => new KernelPrinter(placeOf, { parameters: buffers }).print(body));
}

/**
 * Kernels as C functions. Those that differ in numbers only (extents, strides, scales) are one function that is called with them, where that is shorter.
 * @param placeOf what two buffers share if they lie in the same place.
 */
export function printShared(kernels: readonly Printable[], placeOf: (buffer: Buffer) => unknown): PrintedKernel[] {
  const texts = printEach(kernels, placeOf);
  const families = new Map<string, { readonly place: number; readonly slots: readonly Slot[] }[]>();
  kernels.forEach(({ body, buffers }, place) => {
    const slots: Slot[] = [];
    const { text } = new KernelPrinter(placeOf, { parameters: buffers, slot: noting(slots) }).print(body);
    const family = families.get(text) ?? [];
    families.set(text, [...family, { place, slots }]);
  });
  for (const family of families.values()) {
    const made = parametersOf(family.map(({ slots }) => slots));
    const separate = new Set(family.map(({ place }) => texts[place].text));
    if (made.parameters.length === 0 || !isShorter([...separate], family.length, made)) continue;
    family.forEach(({ place }, member) => {
      const { body, buffers } = kernels[place];
      const printer = new KernelPrinter(placeOf, { parameters: buffers, numbers: made.parameters, slot: chosen(made.texts) });
      const numbers = made.parameters.map(({ type, values }) => literal(values[member], type));
      texts[place] = { ...printer.print(body), numbers };
    });
  }
  return texts;
}

/** Bytes of a function for each number that it is given. */
const PARAMETER_BYTES = 8;

function isShorter(texts: readonly string[], calls: number, { parameters }: Parameterization): boolean {
  const characters = texts.slice(1).reduce((sum, text) => sum + text.length, 0);
  return characters * CODE_BYTES > parameters.length * (calls * ARGUMENT_BYTES + PARAMETER_BYTES);
}
