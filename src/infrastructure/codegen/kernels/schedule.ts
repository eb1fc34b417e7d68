/** How many sums a kernel keeps in registers: for `rows` places and `lanes` channels that lie together. */
export interface TileSize {
  readonly rows: number;
  readonly lanes: number;
}

/** How kernels are computed, where several ways give the same: what is fast depends on the target. */
export interface Schedule {
  readonly convolution: TileSize;
  /** Convolutions whose channels do not meet. */
  readonly depthwise: TileSize;
  readonly product: TileSize;
  /** Products of one row: each weight is read once. */
  readonly vectorProduct: TileSize;
  /** Places at a time of convolutions of one tap that multiply pairs of integers: unpacked weights serve all of them. */
  readonly pairedRows: number;
  /** Channels at a time where there are no vectors: few sums stay in registers. */
  readonly plainLanes: number;
  /**
   * How sums of integers become 8-bit numbers: in integers alone, or by 32-bit floats, as ONNX Runtime does. The two differ where a sum lies as near to
   * the middle of two numbers as a 32-bit float can tell.
   */
  readonly requantization: 'integers' | 'floats';
}

export const usualSchedule: Schedule = {
  convolution: { rows: 1, lanes: 16 },
  depthwise: { rows: 4, lanes: 8 },
  product: { rows: 4, lanes: 8 },
  vectorProduct: { rows: 1, lanes: 16 },
  pairedRows: 4,
  plainLanes: 4,
  requantization: 'integers',
};
