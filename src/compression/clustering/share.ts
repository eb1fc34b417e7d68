import { EspalierError, UnsupportedError } from '../../base/index.js';
import { type Graph, type Model, Tensor, type Value } from '../../onnx/index.js';
import { typedBuilder, upgradeOpset } from '../../ops/index.js';
import { trainableParameters } from '../../training/index.js';
import { graphsWithin, openDeepCopy } from '../open-copy.js';
import { clusterLine, nearest, type Palette } from './kmeans.js';

export interface ShareOptions {
  /** A weight has at most 2^bits different numbers, from 1 to 8 bits. Up to 4, a code takes half a byte, else a byte. */
  bits: number;
  /** Names of weights that stay as they are. */
  exclude?: readonly string[];
}

/** What became of one weight. */
export interface SharedWeight {
  name: string;
  numbers: number;
  colours: number;
  /** Root of the mean squared distance to the palette, relative to the root mean square of the weight. */
  error: number;
}

/** The first opset with 4-bit integers, and that of Gather and Cast as they are written here. */
const HALF_BYTES = 21;
const BYTES = 13;
/** Bytes of the file that a palette's nodes and names take. */
const OVERHEAD = 250;

/**
 * A copy of a model in which each matrix and kernel is stored as a palette of few numbers and a code for each weight (Han et al. 2016): k-means over the numbers
 * of the weight. The graph looks the codes up, Gather(palette, codes), which runtimes do once when they load it; from then on it is the plain model, as quick
 * as before. Exact zeros stay zero where they are many.
 * @returns also a remark where codes take a whole byte because the model cannot be said in an opset with half ones.
 * @throws UnsupportedError where no weight would be stored in less.
 */
export function shareWeights(source: Model, options: ShareOptions): { model: Model; weights: SharedWeight[]; remark?: string } {
  const { model, remark } = upgraded(openDeepCopy(source), options.bits);
  const dtype = options.bits <= 4 && model.opset >= HALF_BYTES ? 'uint4' : 'uint8';
  const weights = [...graphsWithin(model.graph)].flatMap((graph) =>
    sharable(graph, dtype, options).map((value) => share(graph, value, model, dtype, options)),
  );
  if (weights.length === 0)
    throw new UnsupportedError({
      what: 'No weight of the model would take less room as a palette',
      where: source.source,
      expected: 'matrices or kernels of some hundred float32 numbers or more',
    });
  model.graph.sort();
  return { model, weights, remark };
}

/** In an opset that has what is written; half bytes where the model can be said in one that has them. */
function upgraded(source: Model, bits: number): { model: Model; remark?: string } {
  if (bits > 4) return { model: upgradeOpset(source, BYTES) };
  try {
    return { model: upgradeOpset(source, HALF_BYTES) };
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { model: upgradeOpset(source, BYTES), remark: `Codes take a byte each: ${error.message}` };
  }
}

function sharable(graph: Graph, dtype: 'uint4' | 'uint8', { bits, exclude = [] }: ShareOptions): Value[] {
  const stored = (size: number) => size * (dtype === 'uint4' ? 0.5 : 1) + 4 * 2 ** bits + OVERHEAD;
  return trainableParameters(graph, new Set(exclude)).filter((value) => {
    const { shape, size, byteLength } = value.initializer as Tensor;
    return shape.length >= 2 && byteLength > stored(size) && !graph.outputs.includes(value);
  });
}

function share(graph: Graph, weight: Value, model: Model, dtype: 'uint4' | 'uint8', { bits }: ShareOptions): SharedWeight {
  const tensor = weight.initializer as Tensor;
  const numbers = tensor.numbers();
  const { centres, codes, inertia } = paletteOf(numbers, 2 ** bits);
  const build = typedBuilder(graph, model.opsets, { prefix: weight.name });
  const palette = build.parameter(`${weight.name}.palette`, Tensor.from(tensor.dtype, [centres.length], centres));
  const stored = build.parameter(`${weight.name}.codes`, Tensor.from(dtype, tensor.shape, codes));
  const looked = build.op('Gather', [palette, build.op('Cast', [stored], { to: INT32 })], { axis: 0 });
  for (const { node, index } of weight.uses()) node.setInput(index, looked);
  graph.initializers.delete(weight);
  const square = numbers.reduce((sum, number) => sum + number * number, 0);
  return { name: weight.name, numbers: numbers.length, colours: centres.length, error: square > 0 ? Math.sqrt(inertia / square) : 0 };
}

/** TensorProto.INT32. */
const INT32 = 6;

/** The palette of a weight; 0 has a place of its own in one with more zeros than an average colour stands for: pruned weights stay pruned. */
function paletteOf(numbers: Float64Array, colours: number): Palette {
  const rest = numbers.filter((number) => number !== 0);
  if (colours < 2 || rest.length === 0 || (numbers.length - rest.length) * colours < numbers.length) return clusterLine(numbers, colours);
  const { centres } = clusterLine(rest, colours - 1);
  return nearest(numbers, Float64Array.from([...centres, 0]).sort());
}
