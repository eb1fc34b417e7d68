import type { Model } from '../../onnx/index.js';
import { traitsOf } from '../../ops/index.js';
import type { Axis } from './elements.js';
import type { Importance } from './importance.js';
import type { Layer } from './layers.js';

/**
 * The magnitude of the scales that a batch normalization gives a group's channels, mean over them, comparable between layers (network slimming,
 * Liu et al. 2017, arXiv 1708.06519). Layers without a normalization go last: nothing is known of them.
 * @returns undefined where no layer has one, because it was folded into the convolution before it, say.
 */
export function batchNormImportance(model: Model, layers: readonly Layer[]): Importance | undefined {
  const scales = new Set(
    model.graph.nodes.filter((node) => traitsOf(node).normalization?.variance !== undefined).map(({ inputs }) => inputs[1]),
  );
  const isScale = ({ value }: Axis) => value.constant !== undefined && scales.has(value);
  const scores = layers.map(({ groups, losses }) => {
    const places = losses.flatMap(({ axis }, place) => (isScale(axis) ? [place] : []));
    if (places.length === 0) return new Float64Array(groups.length).fill(Number.POSITIVE_INFINITY);
    return Float64Array.from(groups, (group) => {
      const found = places.flatMap((place) => {
        const numbers = group[place].axis.value.constant?.numbers() ?? [];
        return group[place].indices.map((index) => Math.abs(numbers[index]));
      });
      return found.reduce((sum, each) => sum + each, 0) / found.length;
    });
  });
  return scores.some((each) => each.some(Number.isFinite)) ? { scores, relative: false } : undefined;
}
