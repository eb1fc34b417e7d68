import { foldNormalization } from '../../infrastructure/compiler/index.js';
import { copyModel, type Model, type Tensor, type Value } from '../../onnx/index.js';
import type { Axis } from './elements.js';
import { type Importance, scoredAxes, sumBySlice } from './importance.js';
import type { Layer } from './layers.js';

/**
 * The magnitude of each group: its share of the squared norm of every matrix or kernel that it has slices of, summed over them. Shares
 * compare between layers of any scale and between layers whose weights were fused. Where a batch normalization follows, the weights that
 * count are those that it makes of them. Vectors count only in layers without matrices.
 */
export function magnitudeImportance(model: Model, layers: readonly Layer[]): Importance {
  const effective = effectiveWeights(model);
  const energies = new Map<Axis, Float64Array>();
  const energyOf = (axis: Axis): Float64Array => {
    const known = energies.get(axis);
    if (known) return known;
    const tensor = effective.get(axis.value) ?? (axis.value.constant as Tensor);
    const energy = sumBySlice(tensor.numbers(), tensor.shape, axis.axis, (number) => number * number);
    energies.set(axis, energy);
    return energy;
  };
  return { relative: true, scores: layers.map((layer) => sharesOf(layer, energyOf)) };
}

function sharesOf({ groups, losses }: Layer, energyOf: (axis: Axis) => Float64Array): Float64Array {
  const counted = scoredAxes(losses.map(({ axis }) => axis));
  const shares = new Float64Array(groups.length);
  for (const [place, { axis }] of losses.entries()) {
    if (!counted.has(axis)) continue;
    const slices = energyOf(axis);
    const energy = groups.map((group) => group[place].indices.reduce((sum, index) => sum + slices[index], 0));
    const total = energy.reduce((sum, each) => sum + each, 0);
    if (total > 0) for (let i = 0; i < shares.length; i++) shares[i] += energy[i] / total;
  }
  return shares;
}

/** Weights as they act once batch normalizations are folded into them, for those where that makes a difference. */
function effectiveWeights(model: Model): Map<Value, Tensor> {
  const folded = copyModel(model);
  const twins = [...folded.graph.nodes];
  foldNormalization(folded.graph);
  const found = new Map<Value, Tensor>();
  model.graph.nodes.forEach((node, place) => {
    node.inputs.forEach((input, index) => {
      const own = input?.constant;
      const other = own && twins[place].inputs[index]?.constant;
      if (input && other && other !== own && String(other.shape) === String(own.shape)) found.set(input, other);
    });
  });
  return found;
}
