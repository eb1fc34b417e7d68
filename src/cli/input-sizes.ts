import { lookup, OptionError } from '../base/index.js';
import { inventedShapes, runnableInputs } from '../diagnosis/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Dim, Model, Value } from '../onnx/index.js';
import { type InputShapes, isOpen } from './input-shapes.js';

export interface SizeOptions {
  readonly shapes?: InputShapes;
  /** Whether an open dimension has a size all the same. */
  readonly isKnown: (dim: Exclude<Dim, number>, axis: number) => boolean;
  /** Whether --dims may give it one. */
  readonly hasDims?: boolean;
}

/** @throws OptionError where an input has a size that nothing gives: it names the options that give it, with sizes with which the model runs. */
export async function requireSizes(model: Model, runtime: Runtime, { shapes = {}, isKnown, hasDims = false }: SizeOptions): Promise<void> {
  const { feeds } = model.graph;
  for (const input of feeds) {
    if (lookup(shapes, input.name)) continue;
    const open = input.shape?.filter((dim, axis) => isOpen(dim) && !isKnown(dim, axis)).map(String);
    if (open?.length === 0) continue;
    const likely = inventedShapes(model, await runnableInputs(model, runtime, { shapes }));
    const given = (each: Value) => lookup(shapes, each.name) ?? (each.shape?.every((dim) => !isOpen(dim)) ? undefined : likelyOf(each));
    const likelyOf = (each: Value) => lookup(likely, each.name) ?? [1, 16];
    const all = feeds.flatMap((each) => (given(each) ? [`${each.name}=${given(each)?.join('x')}`] : []));
    const sizeOf = (text: string) => likelyOf(input)[input.shape?.findIndex((dim) => isOpen(dim) && dim.text === text) ?? 0] ?? 16;
    const dims =
      hasDims && open?.every((dim) => /^\w/.test(dim)) ? `, or --dims "${open.map((dim) => `${dim}=${sizeOf(dim)}`).join(',')}"` : '';
    throw new OptionError({
      what: `The input "${input.name}" has ${open ? 'open dimensions' : 'no known shape'}`,
      where: model.source,
      got: `[${input.shape?.join(', ') ?? '?'}]`,
      fix: `Give --shape "${all.join(';')}"${dims}, with the sizes that you want.`,
    });
  }
}
