import { sizeOf } from '../../../base/index.js';
import type { LayerCost } from '../layers.js';
import { isFree, knownSizes, outputElements } from '../model.js';

/** What a layer's time on a processor is linear in, in this order. */
export const features = ['starts', 'macs', 'gathered', 'weightBytes', 'readBytes', 'writtenBytes', 'elements', 'pieces'] as const;
export type Feature = (typeof features)[number];

/** Seconds after which half of what a start needs, code above all, has left the nearest caches; a start with nothing left in them costs twice. */
const HALF_COLD = 20e-6;

/**
 * A layer as numbers that its time grows with. `starts`: 1 in warm caches, up to 2 as far as the layers before it, which took so many seconds, have displaced
 * what it needs.
 * `gathered`: what windows gather from the data, overlaps counted each time. `pieces`: stretches of neighbouring numbers that it handles one after another;
 * of products, how many there are. Constants of an operator without products are read as its data is.
 */
export function featuresOf(layer: LayerCost, before = 0): number[] {
  const { macs = 0, product, weightBytes, traffic, activationBytes: written } = layer;
  const read = traffic - written;
  const gathered = product && product.window > 1 ? product.count * product.rows * product.depth : 0;
  const elements = outputElements(layer);
  const starts = 1 + before / (before + HALF_COLD);
  if (product) return [starts, macs, gathered, weightBytes, read, written, elements, product.count];
  if (isFree(layer)) return [starts, 0, 0, 0, 0, layer.atEdge ? written : 0, 0, 0];
  return [starts, macs, 0, 0, read + weightBytes, written, elements, elements / stretchOf(layer)];
}

/** Operators that copy numbers as they are. */
const COPIES = /^(Concat|Expand|Pad|Slice|Split|Tile)$/;

/**
 * Neighbouring numbers that an operator handles at once: up to the last axis along which data and result differ; where none does, all of them in a copy, the
 * last axis elsewhere.
 */
function stretchOf(layer: LayerCost): number {
  const { op, inputs, outputs, order } = layer;
  if (order !== undefined) return Math.max(1, order.together);
  if (COPIES.test(op) && isAlike(layer)) return Math.max(1, outputElements(layer));
  const [data, result] = [knownSizes(inputs[0]), knownSizes(outputs[0])];
  if (!result || result.length === 0) return 1;
  const last = result.length - 1;
  if (!data || data.length !== result.length) {
    const alike = result.findLastIndex((size, axis) => size !== data?.[data.length - (result.length - axis)]);
    return Math.max(1, sizeOf(result.slice(alike + 1)));
  }
  const differs = data.findLastIndex((size, axis) => size !== result[axis]);
  const axis = differs < 0 ? last : differs;
  return Math.max(1, Math.min(data[axis], result[axis]) * sizeOf(result.slice(axis + 1)));
}

/**
 * The kernels that a layer may take, as far as times differ, the most exact first: the operator with its type where that is narrower than float32, and
 * the form. Of convolutions: whether channels meet, whether there is a window, whether channels on either side fill a vector, and whether weights may be
 * laid out anew. Of products: whether both sides are data. Of what reorders axes: how many move. Of others: how a second input meets the first, or whether
 * everything, stretches or single numbers are copied.
 */
export function classesOf(layer: LayerCost): string[] {
  const { op, arithmetic } = layer;
  const form = formOf(layer);
  const untyped = [`${op} ${form}`, op];
  return arithmetic === 'int8' || arithmetic === 'float16' ? [`${op} ${arithmetic} ${form}`, `${op} ${arithmetic}`, ...untyped] : untyped;
}

function isAlike({ inputs, outputs }: LayerCost): boolean {
  return inputs[0]?.join() === outputs[0]?.join();
}

function formOf(layer: LayerCost): string {
  const { op, product, weightBytes, replaceable, inputs, atEdge, order } = layer;
  if (isFree({ op })) return atEdge ? 'at the edge' : 'within';
  if (order) return `${order.moved} moved`;
  if (!product && COPIES.test(op) && isAlike(layer)) return 'whole';
  if (!product) return isAlike(layer) ? meeting(inputs) : stretchOf(layer) > 1 ? 'in stretches' : 'one by one';
  if (!/conv/i.test(op)) return weightBytes === 0 ? 'of data' : 'of weights';
  const { count, depth, window, columns } = product;
  const isThin = depth / window < 4;
  const isNarrow = columns < 8;
  const form =
    count > 1 ? (columns === 1 ? 'depthwise' : 'grouped') : isThin ? 'first' : isNarrow ? 'narrow' : window > 1 ? 'window' : 'pointwise';
  return replaceable ? `${form} as given` : form;
}

/** "alone", or "alike", "number" or "spread" for a second input of the same shape, of one number, or of another shape. */
function meeting([first, second]: LayerCost['inputs']): string {
  if (!first || !second) return 'alone';
  const sizes = second.map(Number);
  return first.join() === second.join() ? 'alike' : sizeOf(sizes) === 1 ? 'number' : 'spread';
}
