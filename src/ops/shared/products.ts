import { sizeOf } from '../../base/index.js';
import type { Node } from '../../onnx/index.js';

/**
 * An operator as matrix products, as hardware sees it: `count` products, one after another, of `rows` × `depth` numbers of the data with
 * `depth` × `columns` numbers of the weight. All of them multiply and accumulate count · rows · depth · columns times.
 */
export interface MatrixProduct {
  readonly count: number;
  /** Places of the result: samples and pixels. */
  readonly rows: number;
  /** Products in a sum: a window over the channels of a group. */
  readonly depth: number;
  /** Channels of the result, of one group. */
  readonly columns: number;
  /** Different numbers of the data that the rows of one product hold: fewer than rows · depth where windows overlap. */
  readonly inputs: number;
  /** Places of a window; 1 where nothing slides. */
  readonly window: number;
  /** Numbers of the data under all windows that begin in one line of it: what must be at hand for overlapping windows to be read once. */
  readonly reach: number;
}

/** A node with static shapes. */
interface Sizes {
  readonly node: Node;
  input(index: number): readonly number[];
  output(index: number): readonly number[];
}

/** How an operator is matrix products, for static shapes. */
export type ProductRule = (sizes: Sizes) => MatrixProduct;

/** A convolution of input 0 with a weight [M, C / group, …kernel]: one product a group. */
export function convolutionProduct(weight: number): ProductRule {
  return (context) => {
    const [samples, , ...places] = context.input(0);
    const [outputs, ...window] = context.input(weight);
    const [, , ...results] = context.output(0);
    const count = context.node.int('group', 1);
    // Wide strides leave places out.
    const read = places.map((size, axis) => Math.min(size, results[axis] * window[axis + 1]));
    return {
      count,
      rows: sizeOf(context.output(0)) / outputs,
      depth: sizeOf(window),
      columns: outputs / count,
      inputs: samples * window[0] * sizeOf(read),
      window: sizeOf(window.slice(1)),
      reach: window[0] * (window[1] ?? 1) * sizeOf(places.slice(1)),
    };
  };
}

/** A transposed convolution: each place of the input is spread over a window. */
export const transposedProduct: ProductRule = (context) => {
  const data = context.input(0);
  const [channels, ...window] = context.input(1);
  const count = context.node.int('group', 1);
  const inputs = sizeOf(data) / count;
  const depth = channels / count;
  return { count, rows: inputs / depth, depth, columns: sizeOf(window), inputs, window: 1, reach: depth };
};

/** A product as numpy's matmul, of input 0 and another: one product for each matrix on the right. */
export function matMulProduct(right: number): ProductRule {
  return (context) => {
    const depth = context.input(0).at(-1) ?? 1;
    const other = context.input(right);
    const columns = other.length > 1 ? other[other.length - 1] : 1;
    const count = sizeOf(other.slice(0, -2));
    const rows = sizeOf(context.output(0)) / columns / count;
    return { count, rows, depth, columns, inputs: rows * depth, window: 1, reach: depth };
  };
}

/** [rows, depth] by [depth, columns], either of them transposed or not. */
export const gemmProduct: ProductRule = (context) => {
  const [rows, columns] = context.output(0);
  const depth = context.input(0)[context.node.int('transA', 0) === 1 ? 0 : 1];
  return { count: 1, rows, depth, columns, inputs: rows * depth, window: 1, reach: depth };
};
