import type { Node } from '../onnx/index.js';
import type { ProductRule } from './shared/products.js';
import type { Window } from './shared/windows.js';

/** What is known to hold of some operators; of what is absent nothing is assumed. */
export interface Traits {
  /** It sums products of channels with a weight. */
  readonly layer?: LayerTrait;
  /** The matrix products that it is, for what computes such. */
  readonly product?: ProductRule;
  /** It scales and shifts each channel by a number of its own. */
  readonly normalization?: NormalizationTrait;
  /** Each number of the result stands where the number of input 0 stands from which it follows. */
  readonly keepsPlaces?: true;
  /** Along which axis of the result channels lie, whatever is read. */
  readonly channels?: 'second' | 'last' | ((node: Node, rank: number) => number);
  /** It combines two inputs number by number, broadcasting them: what it makes of input 0 and input 1. */
  readonly combines?: 'sum' | 'difference' | 'product' | 'quotient';
  /** f(s · x) = s · f(x) for positive s, channel by channel. */
  readonly homogeneous?: true;
  /** Hands on numbers of input 0 as they are, moved or repeated: what was an index still is one. */
  readonly carries?: true;
  /** Gives the numbers of input 0, in their order, another shape. */
  readonly reshapes?: true;
  /** Gives the numbers of input 0 over and over. */
  readonly repeats?: true;
  /** Reorders the axes of input 0: axis i of the result is the i-th of these. */
  readonly permutes?: (node: Node, rank: number) => readonly number[];
  /** Lays its inputs one behind another along an axis. */
  readonly joins?: true;
  /** It looks up input 1 in input 0: the axis of that which is indexed. */
  readonly lookup?: (node: Node) => number;
  /** How many classes it tells apart, where it writes an input as one of them. */
  readonly classes?: (node: Node, index: number) => number | undefined;
  /** Input that holds what is written for hits and misses: a code, and no weight. */
  readonly marks?: number;
  /** Between which numbers it keeps its input as it is; undefined where that is not constant. */
  readonly bounds?: (node: Node) => { readonly min: number; readonly max: number } | undefined;
  /** Inputs that hold scales of quantization: positive numbers. */
  readonly scales?: readonly number[];
  /** Weights that may be stored as integers, although it never computes with integers: which inputs, and their axis of outputs. */
  readonly stored?: { readonly inputs: readonly number[]; readonly axis: number };
  /** Inputs that are biases or the like, although they have two axes where there are two directions. */
  readonly vectors?: readonly number[];
  /** Each of its subgraphs runs once at most. Those of others may run many times. */
  readonly branches?: true;
  /** How it slides over input 0, axis by axis, from the third on; undefined where that is not known. */
  readonly slides?: (node: Node) => Window[] | undefined;
  /** It picks some of its numbers, by these numbers: what comes out jumps where what goes in moves a little. */
  readonly selects?: true;
  /** Its result depends on the shape of its input alone. */
  readonly shapeOnly?: true;
}

/** How a layer reads its weight. */
export interface LayerTrait {
  /** `kernel` slides over its input, `spread` slides over its result, `matrix` multiplies the last axis. */
  readonly kind: 'kernel' | 'spread' | 'matrix';
  readonly weight: number;
  /** The input that is added to each output channel, where there may be one. */
  readonly bias?: number;
  /** Axis of the weight that holds outputs, and the one that holds inputs (those of one group). */
  readonly outputs: (node: Node) => number;
  readonly inputs: (node: Node) => number;
  /** Groups of channels that do not meet. Default 1. */
  readonly groups?: (node: Node) => number;
  /** Whether the data is transposed first. Default: never. */
  readonly transposes?: (node: Node) => boolean;
  /** What the product, and the bias, are multiplied by. Default 1 and 1. */
  readonly factors?: (node: Node) => readonly [product: number, bias: number];
}

export interface NormalizationTrait {
  /** Inputs with one number for each channel. */
  readonly scale: number;
  readonly shift: number;
  /** Statistics of the data, where it does not compute them itself: they follow from data, and no gradient changes them. */
  readonly mean?: number;
  readonly variance?: number;
  /** Axis of the data that holds channels, for its rank; undefined where it normalizes over more than that one. */
  readonly axis: (node: Node, rank: number) => number | undefined;
}
