import { type Buffer, number } from '../loops/index.js';
import type { Operand } from './operand.js';

/** Rows of numbers that lie together in memory, in an order of their own. */
export interface StoredRows {
  readonly buffer: Buffer;
  readonly offset: number;
  /** Elements from one row to the next. */
  readonly stride: number;
  /** For each place in a row, the column that is there: undefined where they lie in order. */
  readonly columns?: Int32Array;
}

/** How the rows of a matrix lie in memory, if each lies together: the flattened result of a convolution, say, whose channels lie last. */
export function storedRows(matrix: Operand): StoredRows | undefined {
  const [rows, columns] = matrix.shape;
  const buffers = new Set<Buffer>();
  const address = (row: number, column: number): number => {
    const element = matrix.at([number(row), number(column)]);
    if (element.kind !== 'load' || element.index.kind !== 'number') return Number.NaN;
    buffers.add(element.buffer);
    return Number(element.index.value);
  };
  const first = Int32Array.from({ length: columns }, (_, column) => address(0, column));
  const [buffer] = buffers;
  if (buffers.size !== 1) return undefined;
  const offset = first.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const at = new Int32Array(columns).fill(-1);
  for (let column = 0; column < columns; column++) if (first[column] - offset < columns) at[first[column] - offset] = column;
  if (at.includes(-1)) return undefined;
  const stride = rows > 1 ? address(1, 0) - first[0] : columns;
  const even = (row: number) => first.every((each, column) => address(row, column) === each + row * stride);
  if (rows > 1 && !(even(1) && even(rows - 1))) return undefined;
  return { buffer, offset, stride, ...(at.some((column, place) => column !== place) && { columns: at }) };
}
