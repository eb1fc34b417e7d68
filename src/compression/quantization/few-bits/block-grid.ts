import { roundHalfEven } from '../../../onnx/index.js';

/** A weight as a matrix, one row for each output. */
export interface Rows {
  /** Row-major, [rows, columns]. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Bits of a weight. */
export type Bits = 2 | 4;

/** Where the values of a matrix may lie: scale and zero point of each block of neighbouring columns of a row; the last block may be shorter. */
export interface BlockGrid {
  readonly bits: Bits;
  readonly blockSize: number;
  /** [rows, blocks], above 0. */
  readonly scales: Float32Array;
  /** [rows, blocks], in [0, 2^bits). */
  readonly zeros: Uint8Array;
}

/** A matrix on a grid: value = (integer - zero) · scale. */
export interface Blocked {
  readonly grid: BlockGrid;
  /** [rows, columns], in [0, 2^bits). */
  readonly integers: Uint8Array;
}

/** Scale and zero point of one block. */
export interface BlockScale {
  scale: number;
  zero: number;
}

/** Blocks of a row. */
export function blocksOf(columns: number, blockSize: number): number {
  return Math.ceil(columns / blockSize);
}

/** The grid that reaches from the smallest to the largest value, zero included: round to nearest. */
export function nearestScale(values: Float32Array, bits: Bits): BlockScale {
  const top = 2 ** bits - 1;
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = Math.fround((high - low) / top);
  if (!(scale > 2 ** -126)) return { scale: 1, zero: 0 };
  return { scale, zero: Math.min(top, Math.max(0, roundHalfEven(-low / scale))) };
}

/** The integer of a value. */
export function integerOf(value: number, { scale, zero }: BlockScale, bits: Bits): number {
  return Math.min(2 ** bits - 1, Math.max(0, roundHalfEven(value / scale) + zero));
}

/** The grid of a matrix, block by block. */
export function gridOf(weight: Rows, bits: Bits, blockSize: number, scaleOf: (values: Float32Array, bits: Bits) => BlockScale): BlockGrid {
  const blocks = blocksOf(weight.columns, blockSize);
  const grid = { bits, blockSize, scales: new Float32Array(weight.rows * blocks), zeros: new Uint8Array(weight.rows * blocks) };
  for (let row = 0; row < weight.rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * weight.columns + block * blockSize;
      const end = Math.min(start + blockSize, (row + 1) * weight.columns);
      const { scale, zero } = scaleOf(weight.values.subarray(start, end), bits);
      grid.scales[row * blocks + block] = scale;
      grid.zeros[row * blocks + block] = zero;
    }
  }
  return grid;
}

/** Rounds every value to its block's grid. */
export function roundToGrid({ values, rows, columns }: Rows, grid: BlockGrid): Blocked {
  const integers = new Uint8Array(values.length);
  const blocks = blocksOf(columns, grid.blockSize);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const place = row * blocks + Math.floor(column / grid.blockSize);
      integers[row * columns + column] = integerOf(
        values[row * columns + column],
        { scale: grid.scales[place], zero: grid.zeros[place] },
        grid.bits,
      );
    }
  }
  return { grid, integers };
}

/** What a matrix on a grid stands for. */
export function dequantized({ grid, integers }: Blocked, columns: number): Float32Array {
  const blocks = blocksOf(columns, grid.blockSize);
  return Float32Array.from(integers, (integer, i) => {
    const place = Math.floor(i / columns) * blocks + Math.floor((i % columns) / grid.blockSize);
    return (integer - grid.zeros[place]) * grid.scales[place];
  });
}
