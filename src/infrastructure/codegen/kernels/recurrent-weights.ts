import type { Value } from '../../../onnx/index.js';
import { add, cast, type Expr, load, mul, number, plus, type ScalarType, type Statement, times } from '../loops/index.js';
import { reshaped, sliced } from '../operands/index.js';
import { type PackedWeights, packWeights } from './packing.js';
import type { NestContext } from './rule.js';
import { blocks, lanesFor, Tile } from './tile.js';
import { type Weights, weightsOf } from './weights.js';

/** Rows of a weight of one direction, packed so that those of neighbouring outputs lie together. */
interface Rows {
  readonly packed: PackedWeights;
  /** Puts weights that depend on the data in order. */
  readonly before: readonly Statement[];
  readonly lanes: number;
  readonly unroll: number;
  /** What a sum is multiplied by, where the numbers are integers. */
  readonly scale?: (row: Expr) => Expr;
}

/** @param value [directions, rows, inputs]. */
export function rowsOf(context: NestContext, value: Value, direction: number, first: number, count: number): Rows {
  const constant = weightsOf(value, 1);
  const [, all, inputs] = constant?.shape ?? context.operand(value).shape;
  const { lanes: most, unroll } = context.tiling('recurrent');
  const lanes = lanesFor(count, most);
  const start = (direction * all + first) * inputs;
  const weights: Weights = constant
    ? { ...constant, values: constant.values.subarray(start, start + count * inputs) }
    : dataRows(context, value, direction, first, count);
  const packing = { groups: 1, outputs: count, inputs, taps: 1, lanes, strides: { group: 0, output: inputs, input: 1, tap: 0 } };
  const same = (each: Expr) => each;
  const packed = packWeights(context, { weights, pairs: false, factor: same, weight: same }, packing);
  const { before } = packed;
  const scales = constant?.scales?.subarray(first, first + count);
  if (!scales) return { packed, before, lanes, unroll };
  const table = context.constantBuffer(`${context.node.op}_scales`, 'f32', Float32Array.from(scales));
  return { packed, before, lanes, unroll, scale: (row) => load(table, row) };
}

function dataRows(context: NestContext, value: Value, direction: number, first: number, count: number): Weights {
  const operand = context.storedValue(value);
  const [, , inputs] = operand.shape;
  const rows = sliced(operand, [direction, first, 0], [1, 1, 1], [1, count, inputs]);
  return { shape: [1, count, inputs], values: new Float64Array(0), storage: operand.type, operand: reshaped(rows, [count, inputs]) };
}

/** Rows that meet a vector. */
export interface Product {
  readonly rows: Rows;
  readonly factor: (k: Expr) => Expr;
}

/** For each row: what it begins with, plus its products with vectors. */
export function sumsOf(
  count: number,
  type: ScalarType,
  products: readonly Product[],
  initial: (row: Expr) => Expr,
  store: (row: Expr, sum: Expr) => Statement[],
): Statement[] {
  const plain = products.filter(({ rows }) => !rows.scale);
  const scaled = products.filter(({ rows }) => rows.scale);
  const { lanes } = products[0].rows;
  return blocks(count, lanes, (block, size) => {
    const first = times(block, lanes);
    const accumulate = (tile: Tile, { rows, factor }: Product) =>
      rows.packed.sum(tile, first, number(0), size, (k) => [factor(k)], { unroll: rows.unroll });
    const tiles = scaled.map((product) => ({ product, tile: new Tile({ rows: 1, lanes: size }, type) }));
    const sum = new Tile({ rows: 1, lanes: size }, type);
    return [
      ...sum.begin((lane) => initial(plus(first, lane))),
      ...plain.flatMap((product) => accumulate(sum, product)),
      ...tiles.flatMap(({ product, tile }) => [...tile.begin(() => number(0, type)), ...accumulate(tile, product)]),
      ...sum.finish((_, lane, value) => {
        const row = plus(first, lane);
        const all = tiles.reduce(
          (total, { product, tile }) => add(total, mul(tile.at(0, lane), cast(type, product.rows.scale?.(row) ?? number(1, type)))),
          value,
        );
        return store(row, all);
      }),
    ];
  });
}
