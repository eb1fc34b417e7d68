import { codeOf, type Graph, homeOf, type Model, nodesOf, Tensor, type Value } from '../../onnx/index.js';
import { typedBuilder } from '../../ops/index.js';
import { Places } from './places.js';
import type { Layer } from './plan.js';
import { quantizeWeight, sameGrid, type WeightGrid, type WeightOptions, weightGrid } from './weights.js';

/**
 * Stores weights of layers that compute in floats as integers, in place. They are widened by nodes that a runtime computes once, when it loads the model, where
 * a DequantizeLinear would run each time; see `storedWeight` in ops. A weight that several layers read in the same way is stored once.
 */
export function storeWeights(model: Model, layers: readonly Layer[], options: WeightOptions): void {
  if (layers.length === 0) return;
  const nodes = new Map(nodesOf(model.graph).map((node) => [node.name, node]));
  const places = new Places(model.graph);
  const stored = new Map<Value, { grid: WeightGrid; wide: Value }[]>();
  for (const { node: name, weight } of layers) {
    const node = nodes.get(name);
    const value = weight && node?.inputs[weight.input];
    if (!node || !weight || !value?.constant) continue;
    const grid = weightGrid(value.constant, weight.axis, options);
    const known = stored.get(value) ?? [];
    const same = known.find((each) => sameGrid(each.grid, grid));
    const wide = same?.wide ?? widened(model, places.of(value), value.constant, grid);
    if (!same) stored.set(value, [...known, { grid, wide }]);
    const home = node.graph && homeOf(value, node.graph);
    node.setInput(weight.input, wide);
    if (value.readers.size === 0 && !home?.outputs.includes(value)) home?.initializers.delete(value);
  }
}

/** (integers - zero point) · scale. Names are short, because they are much of what a small file holds. */
function widened({ opsets }: Model, place: Graph, weight: Tensor, grid: WeightGrid): Value {
  const build = typedBuilder(place, opsets);
  const constant = (name: string, tensor: Tensor) => place.addInitializer(place.freshName(name), tensor);
  const integers = constant('w', quantizeWeight(weight, grid));
  const along = grid.axis === undefined ? [] : weight.shape.map((size, axis) => (axis === grid.axis ? size : 1));
  const scale = constant('s', Tensor.of('float32', along, grid.scales));
  const wide = build.op('Cast', [integers], { to: codeOf('float32') });
  const shifted = grid.zeroPoint === 0 ? wide : build.op('Sub', [wide, build.scalar(grid.zeroPoint)]);
  return build.op('Mul', [shifted, scale]);
}
