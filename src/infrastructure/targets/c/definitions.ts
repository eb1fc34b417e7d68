import type { KernelText } from './kernel.js';

/** Names of functions by their texts: kernels of one text are one function. */
export interface Functions {
  /** Without vectors. */
  readonly plain: ReadonlyMap<string, string>;
  /** Where the processor has vectors, of kernels that have use for them. */
  readonly vectors: ReadonlyMap<string, string>;
  /** Plain texts that are called with and without vectors. */
  readonly always: ReadonlySet<string>;
}

/** @param nameFor a new name for the kernel at a place. */
export function functionsOf(texts: readonly KernelText[], nameFor: (place: number) => string): Functions {
  const [plain, vectors] = [new Map<string, string>(), new Map<string, string>()];
  const always = new Set(texts.flatMap((each) => (each.vectors ? [] : [each.text])));
  texts.forEach((each, place) => {
    const made = plain.has(each.text) ? undefined : nameFor(place);
    if (made) plain.set(each.text, made);
    if (!each.vectors || vectors.has(each.vectors.text)) return;
    // The two texts of one kernel have one name, unless the plain one stands beside that with vectors.
    vectors.set(each.vectors.text, made && !always.has(each.text) ? made : nameFor(place));
  });
  return { plain, vectors, always };
}

/** A function under one name: its text with and without vectors, or always the same. */
export interface Definition {
  readonly called: string;
  readonly plain?: string;
  readonly vectors?: string;
  readonly always?: string;
}

export function definedAs({ plain, vectors, always }: Functions): Definition[] {
  const found = new Map<string, Definition>();
  for (const [text, called] of plain) found.set(called, { called, ...(always.has(text) ? { always: text } : { plain: text }) });
  for (const [text, called] of vectors) found.set(called, { ...found.get(called), called, vectors: text });
  return [...found.values()];
}
