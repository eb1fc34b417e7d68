import { namesText, stridesOf } from '../../base/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import { type TaskContext, type TechniqueContext, withTask } from '../../technique/index.js';
import { type Curved, curvatures, inverseFactor, MOST_COLUMNS } from '../curvature.js';
import type { WeightMatrix } from '../matrices.js';
import { openCopy } from '../open-copy.js';
import { findMasks, type MaskOptions, masked, sparsifiable } from './masks.js';
import { EVEN, inputNorms, maskByRows, matricesOf, type Pattern } from './wanda.js';

export interface SparseGptOptions extends MaskOptions {
  pattern: Pattern;
}

/** Samples that are looked at: those of the paper. */
const SAMPLES = 128;
/** Columns among which zeros are chosen together. */
const BLOCK = 128;

/**
 * A copy of a model with zeros, where the weights that stay make up for those that go, by the curvature of the squared error of each layer's output (SparseGPT,
 * Frantar and Alistarh 2023, arXiv 2301.00774). How many zeros each layer gets is the ranking's choice, where they may be anywhere. What has no such curvature
 * (grouped convolutions, layers of very many inputs or that are never fed, look-ups) gets its zeros by magnitude, or in 2:4 by Wanda.
 */
export async function sparseGpt(given: TechniqueContext, options: SparseGptOptions): Promise<{ model: Model; remarks: string[] }> {
  const context = withTask(given, 'Importance by sparsegpt');
  const model = openCopy(context.model);
  const matrices = matricesOf(model);
  const weights = sparsifiable(model);
  const isAnywhere = options.pattern === 'unstructured';
  const anywhere = isAnywhere ? findMasks(weights, options) : undefined;
  const layers = [...matrices.values()].flatMap((matrix): Curved[] => {
    const shape = weights.get(matrix.name)?.shape;
    if (!shape || matrix.groups > 1) return [];
    const columns = shape[matrix.channels] * tapsOf(shape);
    return columns <= MOST_COLUMNS ? [{ matrix, shape, columns }] : [];
  });
  const made = new Map<string, Tensor>();
  const { task, runtime, threads, seed, signal } = context;
  for await (const { layer, curvature } of curvatures({ model, task, runtime, samples: SAMPLES, seed, threads, signal }, layers)) {
    const { name } = layer.matrix;
    const own = { pattern: options.pattern, sparsity: anywhere ? shareOfZeros(anywhere.get(name) as Tensor) : EVEN };
    const result = curvature.some((each) => each !== 0)
      ? withoutLeast(weights.get(name) as Tensor, layer.matrix, curvature, own)
      : undefined;
    if (result) made.set(name, result);
  }
  const unsolved = new Map([...weights].filter(([name]) => !made.has(name)));
  const masks = anywhere ?? (await evenMasks(context, model, matrices, unsolved));
  const rest = [...masks].filter(([name]) => unsolved.has(name));
  for (const [name, mask] of rest) made.set(name, masked(weights.get(name) as Tensor, mask));
  for (const value of model.graph.initializers) value.initializer = made.get(value.name) ?? value.initializer;
  const without = [...unsolved.keys()].filter((name) => !masks.has(name));
  return { model, remarks: remarksOf(rest, without, isAnywhere) };
}

/** Two zeros of every four neighbouring channels, by Wanda, in what single products and convolutions read. */
async function evenMasks(
  { task, runtime, threads, signal }: TaskContext,
  model: Model,
  matrices: ReadonlyMap<string, WeightMatrix>,
  weights: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const read = new Map([...matrices].filter(([name]) => weights.has(name)));
  if (read.size === 0) return new Map();
  const norms = await inputNorms({ model, task, runtime, threads, signal }, read);
  return new Map(
    [...read].map(([name, matrix]) => {
      const options = { sparsity: EVEN, pattern: '2:4', norms: norms.get(name) } as const;
      return [name, maskByRows(weights.get(name) as Tensor, matrix, options)];
    }),
  );
}

function shareOfZeros(mask: Tensor): number {
  const numbers = mask.toFloat32();
  return numbers.reduce((sum, number) => sum + Number(number === 0), 0) / Math.max(1, numbers.length);
}

function remarksOf(rest: readonly (readonly [name: string, mask: Tensor])[], without: readonly string[], isAnywhere: boolean): string[] {
  const names = rest.filter(([, mask]) => shareOfZeros(mask) > 0).map(([name]) => name);
  const how = isAnywhere ? 'magnitude' : 'wanda';
  const why = 'for being grouped, too wide, never fed or no single product or convolution';
  return [
    ...(names.length > 0 ? [`Zeros by ${how} rather than sparsegpt, ${why}: ${namesText(names)}.`] : []),
    ...(without.length > 0 ? [`No zeros in what no single product or convolution reads: ${namesText(without)}.`] : []),
  ];
}

function tapsOf(shape: readonly number[]): number {
  return shape.slice(2).reduce((product, size) => product * size, 1);
}

/**
 * A weight with zeros at the numbers whose loss can best be made up for, column by column, and the columns behind changed to do so.
 * @param curvature sums of x · xᵀ, columns ordered as channels and taps.
 * @returns undefined where the curvature cannot be inverted.
 */
export function withoutLeast(
  weight: Tensor,
  matrix: WeightMatrix,
  curvature: Float64Array,
  options: Pick<SparseGptOptions, 'sparsity' | 'pattern'>,
): Tensor | undefined {
  const { shape } = weight;
  const [channels, taps, strides] = [shape[matrix.channels], tapsOf(shape), stridesOf(shape)];
  const columns = channels * taps;
  // Channels at one tap are neighbours: they are what 2:4 compares.
  const order = Array.from({ length: columns }, (_, i) => ({ tap: Math.floor(i / channels), channel: i % channels }));
  const places = order.map(({ tap, channel }) => channel * taps + tap);
  const factor = inverseFactor(
    Float64Array.from({ length: columns ** 2 }, (_, i) => curvature[places[Math.floor(i / columns)] * columns + places[i % columns]]),
    columns,
  );
  if (!factor) return undefined;
  const values = weight.toFloat32().slice();
  const rows = Array.from({ length: shape[matrix.outputs] }, (_, row) => {
    const at = order.map(({ tap, channel }) => row * strides[matrix.outputs] + channel * strides[matrix.channels] + tap);
    return { at, left: Float64Array.from(at, (place) => values[place]) };
  });
  const gone = rows.map(() => new Uint8Array(columns));
  const lossOf = (row: number, column: number) => (rows[row].left[column] / factor[column * columns + column]) ** 2;
  const drop = (members: { row: number; column: number }[], count: number) => {
    const losses = members.map(({ row, column }) => lossOf(row, column));
    const ascending = members.map((_, i) => i).sort((a, b) => losses[a] - losses[b] || a - b);
    for (const i of ascending.slice(0, count)) gone[members[i].row][members[i].column] = 1;
  };
  const group = (from: number, to: number) =>
    rows.map((_, row) => Array.from({ length: to - from }, (_, i) => ({ row, column: from + i })));
  for (let column = 0; column < columns; column++) {
    if (options.pattern === '2:4') {
      const { channel } = order[column];
      if (channel % 4 === 0 && channel + 4 <= channels) for (const members of group(column, column + 4)) drop(members, 2);
    } else if (column % BLOCK === 0) {
      const members = group(column, Math.min(columns, column + BLOCK)).flat();
      drop(members, Math.round(options.sparsity * members.length));
    }
    for (const [row, { left }] of rows.entries()) {
      if (gone[row][column] === 0 || left[column] === 0) continue;
      const error = left[column] / factor[column * columns + column];
      left[column] = 0;
      for (let next = column + 1; next < columns; next++) left[next] -= error * factor[column * columns + next];
    }
  }
  for (const [row, { at, left }] of rows.entries())
    at.forEach((place, column) => {
      values[place] = gone[row][column] === 1 ? 0 : left[column];
    });
  return Tensor.of('float32', shape, values);
}
