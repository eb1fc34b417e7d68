import { type GraphBuilder, replay, staticShape, type Value } from '../onnx/index.js';
import { unflatten } from './flat.js';
import { jointNorm } from './optimizers/index.js';
import { flatGradient, type Group } from './state.js';

/**
 * Sharpness-aware minimization (Foret et al. 2021): the gradients where the loss is largest within `radius` of the parameters, as far as the
 * gradients here can tell: at parameters + radius * gradients / their joint norm. Forward and backward pass are written once more; batch, dropout
 * and teacher are those of the first pass, and running statistics are left to it.
 * @param gradients by the initializers that the parameters were.
 */
export function sharpnessGradients(
  build: GraphBuilder,
  groups: readonly Group[],
  gradients: ReadonlyMap<Value, Value>,
  radius: number,
): Map<Value, Value> {
  const flat = groups.map((group) => flatGradient(build, group, gradients));
  const norm = build.op('Add', [jointNorm(build, flat), build.scalar(1e-12)]);
  const factor = build.op('Div', [build.scalar(radius), norm]);
  const moved = groups.flatMap(({ point, parts }, index) => {
    const worst = build.op('Add', [point, build.op('Mul', [flat[index], factor])]);
    const others = unflatten(
      build,
      worst,
      parts.map((part) => staticShape(part.shape) as number[]),
    );
    return parts.map((part, each) => [part, others[each]] as const);
  });
  const again = replay(build.graph, [...gradients.values()], new Map(moved));
  return new Map([...gradients].map(([member, gradient]) => [member, again.get(gradient) as Value]));
}
