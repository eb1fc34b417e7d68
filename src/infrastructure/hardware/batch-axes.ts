import type { Dim, Value } from '../../onnx/index.js';

/** Along which axis of each input the samples of a batch lie; null for a setting that all samples share. */
export type BatchAxes = ReadonlyMap<string, number | null>;

/** Names that exporters give to a batch. */
const BATCH = /batch|^[nb]$/i;

/**
 * Finds where the samples of a batch lie: along the first axis of every input, or, in models of streams, along the axis of one symbolic dimension that
 * several inputs share or that is called a batch, else along the first axis of the first input and the open (or single) one of the others. Inputs
 * without such an axis are settings, as a sample rate is.
 * @returns undefined where an input of several axes has none that could be meant.
 */
export function batchAxesOf(inputs: readonly Value[]): BatchAxes | undefined {
  if (inputs.every(({ shape }) => shape !== undefined) && areFirst(inputs)) return new Map(inputs.map(({ name }) => [name, 0]));
  const symbol = sharedSymbol(inputs);
  const [main] = inputs.filter(({ shape }) => shape && shape.length > 0);
  const size = main?.shape?.[0];
  const found = new Map<string, number | null>();
  for (const input of inputs) {
    const axis = symbol === undefined ? likeMain(input, main, size) : bySymbol(input, symbol);
    if (axis === undefined) return undefined;
    found.set(input.name, axis);
  }
  return found;
}

/** Every input starts with an open dimension, or with one size that all share; 1 broadcasts. */
function areFirst(inputs: readonly Value[]): boolean {
  const firsts = inputs.map(({ shape }) => shape?.[0] as Dim | undefined);
  const sizes = new Set(firsts.filter((dim) => typeof dim === 'number' && (dim !== 1 || firsts.length === 1)));
  const mixed = sizes.size > 1 || (sizes.size === 1 && firsts.some((dim) => !sizes.has(dim as Dim)));
  return !mixed && firsts.every((dim) => dim !== undefined);
}

function sharedSymbol(inputs: readonly Value[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { shape } of inputs) {
    const names = new Set((shape ?? []).flatMap((dim) => (typeof dim !== 'number' && !dim.isAnonymous ? [dim.text] : [])));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const ranked = [...counts].sort(([a, many], [b, few]) => Number(BATCH.test(b)) - Number(BATCH.test(a)) || few - many);
  const [first] = ranked;
  return first && (BATCH.test(first[0]) || first[1] > 1) ? first[0] : undefined;
}

function bySymbol({ shape }: Value, symbol: string): number | null | undefined {
  if (!shape) return undefined;
  const axis = shape.findIndex((dim) => typeof dim !== 'number' && dim.text === symbol);
  if (axis >= 0) return axis;
  return shape.length <= 1 ? null : undefined;
}

/** The first axis of the main input; of others the one that is open as it is, or single as it is. */
function likeMain({ shape }: Value, main: Value | undefined, size: Dim | undefined): number | null | undefined {
  if (!shape) return undefined;
  if (shape === main?.shape) return 0;
  const isLike = (dim: Dim) => (typeof size === 'number' ? dim === size : typeof dim !== 'number');
  const axis = shape.findIndex(isLike);
  if (axis >= 0) return axis;
  return shape.length <= 1 ? null : undefined;
}
