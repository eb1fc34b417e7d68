import { stridesOf } from '../../base/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import { type LayerInputsRequest, visitValues } from '../layer-inputs.js';
import { type WeightMatrix, weightMatrices } from '../matrices.js';
import { sumBySlice } from './importance.js';

/** How many zeros there are, and where. */
export type Pattern = 'unstructured' | '2:4';

/** Norms of the channels that a weight reads, by the weight's name. */
export type InputNorms = ReadonlyMap<string, Float64Array>;

/** Samples that norms are taken over: those of the paper. */
const SAMPLES = 128;
/** Neighbouring input channels of which 2:4 leaves half. */
const BLOCK = 4;
/** Share of zeros of the pattern 2:4. */
export const EVEN = 0.5;

/** The matrices of an open copy of a model; see `weightMatrices`. */
export function matricesOf(model: Model): Map<string, WeightMatrix> {
  inferShapes(model);
  return weightMatrices(model);
}

/** Euclidean norms of the input channels of every matrix over calibration samples; taps of a kernel share their channel's. */
export async function inputNorms(
  request: Omit<LayerInputsRequest, 'values' | 'samples'>,
  matrices: ReadonlyMap<string, WeightMatrix>,
): Promise<InputNorms> {
  const axes = new Map([...matrices.values()].map(({ input, inputAxis }) => [input, inputAxis]));
  const squares = new Map<string, Float64Array>();
  await visitValues({ ...request, values: [...axes.keys()], samples: SAMPLES }, (name, tensor) => {
    const sums = sumBySlice(tensor.numbers(), tensor.shape, axes.get(name) as number, (number) => number ** 2);
    const known = squares.get(name);
    squares.set(name, known ? known.map((sum, i) => sum + sums[i]) : sums);
  });
  const normsOf = ({ input }: WeightMatrix) => squares.get(input)?.map(Math.sqrt) ?? new Float64Array();
  return new Map([...matrices].map(([name, matrix]) => [name, normsOf(matrix)]));
}

/**
 * The mask of a weight: in each output's row zeros at the weights that matter least, by magnitude or, with norms, by |weight| times the norm of
 * what it multiplies (Wanda, Sun et al. 2023, arXiv 2306.11695). '2:4' has them evenly: half of every four neighbouring input channels at a tap
 * (Mishra et al. 2021, arXiv 2104.08378); channels that fill no block of four stay.
 * @param sparsity fraction of a row, in [0, 1]; at most one half for 2:4.
 */
export function maskByRows(
  weight: Tensor,
  matrix: WeightMatrix,
  { sparsity, pattern, norms }: { sparsity: number; pattern: Pattern; norms?: Float64Array },
): Tensor {
  const { shape } = weight;
  const values = weight.toFloat32();
  const mask = new Float32Array(values.length).fill(1);
  const scoreOf = (place: number, output: number, channel: number) => {
    const first = Math.floor((output * matrix.groups) / shape[matrix.outputs]) * shape[matrix.channels];
    return Math.abs(values[place]) * (norms ? norms[first + channel] : 1);
  };
  for (let output = 0; output < shape[matrix.outputs]; output++) {
    for (const members of comparable(shape, matrix, output, pattern)) {
      const scores = members.map(({ place, channel }) => scoreOf(place, output, channel));
      const order = members.map((_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);
      const zeros = pattern === '2:4' ? Math.min(BLOCK / 2, Math.floor(BLOCK * sparsity + 1e-9)) : Math.round(sparsity * members.length);
      for (const i of order.slice(0, zeros)) mask[members[i].place] = 0;
    }
  }
  return Tensor.of('float32', shape, mask);
}

interface Member {
  readonly place: number;
  readonly channel: number;
}

/** Weights of one output that are compared with each other: all, or blocks of four channels at the same tap. */
function comparable(shape: readonly number[], matrix: WeightMatrix, output: number, pattern: Pattern): Member[][] {
  const strides = stridesOf(shape);
  const taps = shape.slice(2).reduce((product, size) => product * size, 1);
  const start = output * strides[matrix.outputs];
  const at = (channel: number, tap: number): Member => ({ place: start + channel * strides[matrix.channels] + tap, channel });
  const channels = shape[matrix.channels];
  const row = (from: number, to: number, tap: number) => Array.from({ length: to - from }, (_, i) => at(from + i, tap));
  const every = Array.from({ length: taps }, (_, tap) => tap);
  if (pattern === 'unstructured') return [every.flatMap((tap) => row(0, channels, tap))];
  const blocks = Array.from({ length: Math.floor(channels / BLOCK) }, (_, block) => block * BLOCK);
  return every.flatMap((tap) => blocks.map((from) => row(from, from + BLOCK, tap)));
}
