import { copyModel, type Model, Tensor, type Value } from '../../../onnx/index.js';
import type { Layer } from '../plan.js';
import { dequantizeWeight, quantizeWeight, type WeightOptions, weightGrid } from '../weights.js';
import { type AdaroundRequest, type AdaroundResult, adaround, numbersOf, type Roundable } from './adaround.js';
import { setContents } from './cut-out.js';

export interface OnGridsRequest extends Omit<AdaroundRequest, 'weights' | 'settled'> {
  /** Those whose weights are rounded. */
  layers: readonly Layer[];
  weight: WeightOptions;
}

/**
 * The model with weights that lie on the grids of integers of one scale a channel, to whichever neighbour was learned; see `adaround`. What writes them as such
 * integers finds the same grids, because numbers at their ends stay there, and so rounds nothing any more.
 */
export async function roundedOnGrids(request: OnGridsRequest): Promise<{ model: Model; result: AdaroundResult }> {
  const { layers, weight: options } = request;
  const model = copyModel(request.model);
  const { graph } = model;
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const weights = new Map<string, () => Roundable>();
  for (const { node, weight } of layers) {
    const value: Value | undefined = weight && nodes.get(node)?.inputs[weight.input];
    const tensor = value?.initializer;
    if (!value || tensor?.dtype !== 'float32' || !graph.initializers.has(value) || value.uses().length > 1) continue;
    weights.set(value.name, () => roundable(value.name, tensor, weight?.axis, options));
  }
  const result = await adaround({ ...request, weights, settled: new Map() });
  const contents = new Map<string, Float32Array>();
  for (const [name, choice] of result.choices) {
    const weight = weights.get(name);
    if (weight) contents.set(name, numbersOf(weight(), choice));
  }
  setContents(model, contents);
  return { model, result };
}

/** What lies this near an end of its grid, in steps, goes there: channels' scales follow from their largest numbers. */
const NEAR_END = 1e-3;

function roundable(name: string, weight: Tensor, axis: number | undefined, options: WeightOptions): Roundable {
  const grid = weightGrid(weight, axis, options);
  const { reach } = grid;
  const onGrid = (integers: Tensor) => dequantizeWeight(integers, grid).toFloat32();
  const steps = onGrid(Tensor.from(grid.type, weight.shape, new Int16Array(weight.size).fill(grid.zeroPoint + 1)));
  const places = weight.toFloat32().map((value, i) => value / steps[i]);
  const isEnd = (place: number) => Math.abs(place) > reach - NEAR_END;
  const lowerOf = (place: number) => (isEnd(place) ? Math.sign(place) * reach : Math.floor(place));
  return {
    between: {
      name,
      lower: places.map((place, i) => lowerOf(place) * steps[i]),
      gap: places.map((place, i) => (isEnd(place) ? 0 : steps[i])),
      share: places.map((place) => (isEnd(place) ? 0 : place - lowerOf(place))),
    },
    others: [onGrid(quantizeWeight(weight, grid))],
  };
}
