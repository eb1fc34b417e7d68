import type { TileSize } from './tile.js';

/**
 * Which loops over an output are the outer ones. 'channels': blocks of channels, so that the weights of a block stay near; 'places': places, so that their
 * inputs do; 'rows': rows of an image, in each the blocks of channels, in each the places of the row (without such rows the same as 'places').
 */
export type LoopOrder = 'channels' | 'rows' | 'places';

/** How the loops of a kernel are cut, ordered and written out. Whatever it says, the answers are the same to the last bit. */
export interface Tiling extends TileSize {
  readonly order: LoopOrder;
  /** Rounds of the innermost loop over what is summed that are written one after the other; of windows without channels: taps along a row. */
  readonly unroll: number;
}

/** Kinds of kernels that can be computed in several ways. */
export type TiledKind =
  | 'convolution'
  /** Of integers. */
  | 'integerConvolution'
  /** Convolutions of one tap that multiply pairs of integers: unpacked weights serve all rows. */
  | 'pairedConvolution'
  /** Convolutions whose channels do not meet. */
  | 'depthwise'
  | 'transposedConvolution'
  | 'product'
  /** Products of one row: each weight is read once. */
  | 'vectorProduct'
  /** Products of two factors that depend on the data. */
  | 'batchProduct'
  | 'pool'
  | 'recurrent'
  /** What gathers or normalizes along axes, some lines beside each other. */
  | 'lines'
  | 'einsum'
  | 'resize';

/** How kernels are computed, where several ways give the same: what is fast depends on the target. */
export interface Schedule extends Readonly<Record<TiledKind, Tiling>> {
  /** Channels at a time where there are no vectors: few sums stay in registers. */
  readonly plainLanes: number;
  /**
   * How sums of integers become 8-bit numbers: in integers alone, or by 32-bit floats, as ONNX Runtime does. The two differ where a sum lies as near to
   * the middle of two numbers as a 32-bit float can tell.
   */
  readonly requantization: 'integers' | 'floats';
}

/** A tiling, with what is usual where nothing else is said. */
export function tiling(rows: number, lanes: number, order: LoopOrder = 'channels', unroll = 1): Tiling {
  return { rows, lanes, order, unroll };
}

export const usualSchedule: Schedule = {
  // Two rows share what is read of the weights: 0.87 to 0.91 of the time of one, as C on x86-64. Of integers the code would grow by a quarter.
  convolution: tiling(2, 16),
  integerConvolution: tiling(1, 16),
  pairedConvolution: tiling(4, 16),
  depthwise: tiling(4, 8),
  transposedConvolution: tiling(1, 16),
  product: tiling(4, 8),
  vectorProduct: tiling(1, 16),
  batchProduct: tiling(4, 8, 'places'),
  pool: tiling(1, 8, 'places'),
  recurrent: tiling(1, 16),
  lines: tiling(1, 8),
  einsum: tiling(1, 8),
  resize: tiling(1, 8),
  plainLanes: 4,
  requantization: 'integers',
};
