import type { Value } from '../../../onnx/index.js';
import {
  add,
  cast,
  type Expr,
  float,
  load,
  loops,
  mul,
  number,
  plus,
  type Statement,
  scalarOf,
  store,
  sub,
  times,
  unrolledLoop,
} from '../loops/index.js';
import { broadcast, computedOperand, type Operand, reshaped, storedOperand, storedRows, transposed, unravel } from '../operands/index.js';
import { type Layer, type LayerInputs, layerOf } from './layer.js';
import { packWeights } from './packing.js';
import type { KernelRule, NestContext } from './rule.js';
import type { LoopOrder } from './schedule.js';
import { blocks, lanesFor, parts, Tile } from './tile.js';

function matMul(context: NestContext): void {
  const [x, weight] = context.node.inputs;
  const shape = context.input(1).shape;
  if (x && weight && shape.length === 2 && dense(context, { x, weight, transposes: false })) return;
  const [a, b] = [context.stored(0), context.stored(1)];
  batchProducts(context, matrixOf(a, 'row'), matrixOf(b, 'column'));
}

/** Products of integers, zero points taken off, summed in 32 bits. */
function matMulIntegers(context: NestContext): void {
  const [x, weight, xZero, weightZero] = context.node.inputs;
  const zeros = { x: xZero, weight: weightZero };
  if (x && weight && context.input(1).shape.length === 2 && rowsShareZero(xZero) && dense(context, { x, weight, transposes: false, zeros }))
    return;
  const whole = (index: number, zero: Value | undefined, along: number) => {
    const [operand, off] = [context.stored(index), zero && context.operand(zero)];
    return computedOperand(operand.shape, 'i32', (indices) => {
      const each = operand.at(indices);
      if (!off) return each;
      return sub(
        each,
        off.shape.length > 0 && off.shape[off.shape.length - 1] > 1 ? off.at([indices[indices.length + along]]) : off.flat(number(0)),
      );
    });
  };
  batchProducts(context, matrixOf(whole(0, xZero, -2), 'row'), matrixOf(whole(1, weightZero, -1), 'column'));
}

const rowsShareZero = (zero: Value | undefined) => !zero || (zero.constant?.size ?? (zero.shape?.length === 0 ? 1 : 2)) === 1;

/** A vector is a matrix of one row, or of one column. */
function matrixOf(operand: Operand, vector: 'row' | 'column'): Operand {
  if (operand.shape.length > 1) return operand;
  return reshaped(operand, vector === 'row' ? [1, operand.shape[0]] : [operand.shape[0], 1]);
}

function gemm(context: NestContext): void {
  const { node } = context;
  const [x, weight, bias] = node.inputs;
  const transposes = node.int('transB', 0) === 1;
  const factors = [node.float('alpha', 1), node.float('beta', 1)] as const;
  const columns = context.shape()[1];
  const biasIsRow = !bias || isRow(context.input(2).shape, columns);
  if (x && weight && biasIsRow && node.int('transA', 0) === 0 && dense(context, { x, weight, bias, transposes, factors })) return;
  const flip = (operand: Operand, flips: boolean) => (flips ? transposed(operand, [1, 0]) : operand);
  const c = bias && broadcast(context.stored(2), context.shape());
  batchProducts(context, flip(context.stored(0), node.int('transA', 0) === 1), flip(context.stored(1), transposes), (sum, indices) => {
    const product = factors[0] === 1 ? sum : mul(sum, float(factors[0]));
    return c ? add(product, factors[1] === 1 ? c.at(indices) : mul(c.at(indices), float(factors[1]))) : product;
  });
}

/** Whether a bias has one number for each column. */
function isRow(shape: readonly number[], columns: number): boolean {
  return shape.length > 0 && shape[shape.length - 1] === columns && shape.slice(0, -1).every((size) => size === 1);
}

interface Dense {
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value;
  /** Whether the weight has a row for each output. */
  readonly transposes: boolean;
  readonly factors?: readonly [number, number];
  readonly zeros?: LayerInputs['zeros'];
}

/** A product with constant weights. @returns false where they are not constant. */
function dense(context: NestContext, { x, weight, bias, transposes, factors, zeros }: Dense): boolean {
  let columns: Int32Array | undefined;
  /** Rows of the input, in whichever order their numbers lie: the weights are put in that order. */
  const view = (value: Value): Layer['x'] => {
    const operand = context.operand(value);
    const size = operand.shape[operand.shape.length - 1];
    const matrix = reshaped(operand, [operand.shape.slice(0, -1).reduce((all, each) => all * each, 1), size]);
    const rows = storedRows(matrix);
    if (!rows) return reshaped(context.storedValue(value), matrix.shape) as Layer['x'];
    columns = rows.columns;
    return storedOperand(matrix.shape, { buffer: rows.buffer, offset: rows.offset, strides: [rows.stride, 1] }) as Layer['x'];
  };
  const layer = layerOf(context, { x, weight, bias, axis: transposes ? 0 : 1, factors, view, zeros });
  if (!layer) return false;
  const [rows, depth] = layer.x.shape;
  const outputs = layer.weights.shape[transposes ? 0 : 1];
  const tiling = context.tiling(rows === 1 ? 'vectorProduct' : 'product');
  const lanes = lanesFor(outputs, tiling.lanes);
  const height = Math.min(tiling.rows, rows);
  const strides = { group: 0, output: transposes ? depth : 1, input: transposes ? 1 : outputs, tap: 0 };
  const weights = packWeights(context, layer, { groups: 1, outputs, inputs: depth, taps: 1, lanes, strides, columns });
  const before = context.shape().slice(0, -1);
  const body = (part: number, most: number, order: LoopOrder, unroll: number) => {
    type Channels = (channel: Expr, size: number, first: Expr, wide: number) => readonly Statement[];
    const overChannels = (inner: Channels) =>
      blocks(outputs, lanes, (block, size) => parts(size, part, (first, wide) => inner(times(block, lanes), size, first, wide)));
    const overRows = (inner: (from: Expr, tall: number) => readonly Statement[]) =>
      blocks(rows, most, (block, tall) => inner(times(block, most), tall));
    const sums = (channel: Expr, size: number, first: Expr, wide: number, from: Expr, tall: number) => {
      const tile = new Tile({ rows: tall, lanes: wide }, layer.type);
      const place = (row: number) => plus(from, row);
      const x = (k: Expr) => Array.from({ length: tall }, (_, row) => layer.x.at([place(row), k]));
      return [
        ...tile.begin((lane) => layer.initial(plus(channel, first, lane))),
        ...weights.sum(tile, channel, number(0), size, x, { first, unroll }),
        ...tile.finish((row, lane, sum) => {
          const to = plus(channel, first, lane);
          return layer.sink.store([...unravel(before, place(row)), to], layer.finish(sum, to));
        }),
      ];
    };
    return order === 'channels'
      ? overChannels((channel, size, first, wide) => overRows((from, tall) => sums(channel, size, first, wide, from, tall)))
      : overRows((from, tall) => overChannels((channel, size, first, wide) => sums(channel, size, first, wide, from, tall)));
  };
  context.emit(body(lanes, height, tiling.order, tiling.unroll), {
    macs: rows * depth * outputs,
    plain: body(context.schedule.plainLanes, 1, 'channels', 1),
  });
  return true;
}

/** Rows for which it pays to put the columns of the other factor together first. */
const ROWS_TO_PACK = 4;

/** A batch of products of two matrices that depend on the data. */
function batchProducts(
  context: NestContext,
  a: Operand,
  b: Operand,
  finish: (sum: Expr, indices: readonly Expr[]) => Expr = (sum) => sum,
): void {
  const sink = context.output(0);
  const depth = a.shape[a.shape.length - 1];
  const [rows, columns] = [a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
  const vectors = [context.input(0).shape.length === 1, context.input(1).shape.length === 1];
  const batch = sink.shape.slice(0, sink.shape.length - 2 + vectors.filter(Boolean).length);
  const [left, right] = [broadcast(a, [...batch, rows, depth]), broadcast(b, [...batch, depth, columns])];
  const type = scalarOf(a.type);
  const { order, unroll, ...tileSize } = context.tiling('batchProduct');
  const lanes = lanesFor(columns, tileSize.lanes);
  const height = Math.min(tileSize.rows, rows);
  /** Sums of some rows and columns, of a factor whose elements `factor` gives. */
  const sums = (at: readonly Expr[], row: Expr, tall: number, column: Expr, size: number, factor: (k: Expr, lane: Expr) => Expr) => {
    const tile = new Tile({ rows: tall, lanes: size }, type);
    return [
      ...tile.begin(() => number(type === 'i64' || type === 'u64' ? 0n : 0, type)),
      ...unrolledLoop('k', depth, unroll, (k) =>
        tile.accumulate(
          Array.from({ length: tall }, (_, each) => cast(type, left.at([...at, plus(row, each), k]))),
          (lane) => factor(k, lane),
        ),
      ),
      ...tile.finish((each, lane, value): Statement[] => {
        const indices = [...at, ...(vectors[0] ? [] : [plus(row, each)]), ...(vectors[1] ? [] : [plus(column, lane)])];
        return sink.store(indices, finish(value, indices));
      }),
    ];
  };
  const together = columns === 1 || right.stored?.strides.at(-1) === 1;
  const body = loops(['batch', 'batch'], batch, (at) =>
    together || rows < ROWS_TO_PACK
      ? overRowsAndColumns({ rows, height, columns, lanes, order }, (row, tall, column, size) =>
          sums(at, row, tall, column, size, (k, lane) => right.at([...at, k, plus(column, lane)])),
        )
      : // Columns that do not lie together are put so, a block at a time, before all rows read them.
        blocks(columns, lanes, (block, size) => {
          const column = times(block, lanes);
          const packed = context.scratch('columns', b.type, depth * size);
          return [
            ...loops(['k', 'column'], [depth, size], ([k, lane]) => [
              store(packed, plus(times(k, size), lane), right.at([...at, k, plus(column, lane)])),
            ]),
            ...blocks(rows, height, (rowBlock, tall) =>
              sums(at, times(rowBlock, height), tall, column, size, (k, lane) => load(packed, plus(times(k, size), lane))),
            ),
          ];
        }),
  );
  context.emit(body, { macs: batch.reduce((all, size) => all * size, 1) * rows * depth * columns });
}

interface Blocks {
  readonly rows: number;
  readonly height: number;
  readonly columns: number;
  readonly lanes: number;
  readonly order: LoopOrder;
}

/** Blocks of rows and blocks of columns, one in the other: columns are what lies together. */
function overRowsAndColumns(
  { rows, height, columns, lanes, order }: Blocks,
  body: (row: Expr, tall: number, column: Expr, size: number) => readonly Statement[],
): Statement[] {
  const overRows = (inner: (row: Expr, tall: number) => readonly Statement[]) =>
    blocks(rows, height, (block, tall) => inner(times(block, height), tall));
  const overColumns = (inner: (column: Expr, size: number) => readonly Statement[]) =>
    blocks(columns, lanes, (block, size) => inner(times(block, lanes), size));
  return order === 'channels'
    ? overColumns((column, size) => overRows((row, tall) => body(row, tall, column, size)))
    : overRows((row, tall) => overColumns((column, size) => body(row, tall, column, size)));
}

export const products: Readonly<Record<string, KernelRule>> = {
  Gemm: { kind: 'nest', absorbs: true, emit: gemm },
  MatMul: { kind: 'nest', absorbs: true, emit: matMul },
  MatMulInteger: { kind: 'nest', absorbs: true, emit: matMulIntegers },
};
