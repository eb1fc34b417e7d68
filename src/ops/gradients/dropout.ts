import { codeOf } from '../../onnx/index.js';
import type { GradientRule } from '../rule.js';

/** What was kept gets the gradient, scaled as it was; without training everything is kept and nothing scaled. */
export const dropoutGradient: GradientRule = ({ build, has, input, output, grad }) => {
  const training = has(2) ? input(2) : undefined;
  if (!training || training.constant?.numbers()[0] === 0) return [grad()];
  const dtype = grad().dtype ?? 'float32';
  const to = codeOf(dtype);
  const cast = (value: typeof training) => build.op('Cast', [value], { to });
  const ratio = has(1) ? cast(input(1)) : build.scalar(0.5, dtype);
  const kept = build.op('Sub', [build.scalar(1, dtype), build.op('Mul', [ratio, cast(training)])]);
  return [build.op('Mul', [build.op('Div', [grad(), kept]), cast(output(1))])];
};
