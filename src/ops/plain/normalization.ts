import { floatAttribute, type Value } from '../../onnx/index.js';
import type { PlainContext, PlainRule } from '../rule.js';
import { Formula } from '../shared/formula.js';

/** ONNX Runtime's default, which is not the standard's 1e-5. */
const EPSILON = 1e-12;

/** LayerNormalization of the sum of input, skip and bias; output 3 is the sum. */
export const plainSkip: PlainRule = (context) => {
  const { node, build, replace } = context;
  const [x, skip, scale, shift, bias] = node.inputs;
  const sum = summed(context, [x, skip, bias]);
  const epsilon = floatAttribute(node.float('epsilon', EPSILON));
  const [result, mean, deviation] = build.node('LayerNormalization', [sum, scale, shift], { axis: -1, epsilon }, { outputs: 3 });
  const wanted = [1, 2].some((index) => node.outputs[index]);
  if (!wanted) result.producer?.outputs.splice(1);
  for (const [index, value] of [result, mean, deviation, sum].entries()) if (node.outputs[index]) replace(index, value);
};

/** The same with the root of the mean square only. */
export const plainSkipSimplified: PlainRule = (context) => {
  const { node, replace } = context;
  const [x, skip, scale, bias] = node.inputs;
  const sum = summed(context, [x, skip, bias]);
  const { result, inverse } = rootMeanSquare(context, sum, scale, EPSILON);
  for (const [index, value] of [result, undefined, inverse, sum].entries()) if (value && node.outputs[index]) replace(index, value);
};

/** RMSNormalization under its older name. */
export const plainSimplified: PlainRule = (context) => {
  const { node, replace } = context;
  const [x, scale] = node.inputs;
  if (!x) return;
  const { result, inverse } = rootMeanSquare(context, x, scale, 1e-5);
  replace(0, result);
  if (node.outputs[1]) replace(1, inverse);
};

function rootMeanSquare({ node, build, rank, opset, refuse }: PlainContext, x: Value, scale: Value | undefined, epsilon: number) {
  const axis = node.int('axis', -1);
  const axes = rank(0);
  if (axes === undefined || (axis !== -1 && axis !== axes - 1)) refuse('it normalizes over several axes');
  const f = new Formula(build, x.dtype);
  const squares = f.square(x);
  const mean = opset >= 18 ? build.op('ReduceMean', [squares, build.ints([-1])]) : build.op('ReduceMean', [squares], { axes: [-1] });
  const inverse = f.of('Reciprocal', f.of('Sqrt', f.add(mean, node.float('epsilon', epsilon))));
  const normal = f.mul(x, inverse);
  return { result: scale ? f.mul(normal, scale) : normal, inverse };
}

function summed({ build }: PlainContext, terms: readonly (Value | undefined)[]): Value {
  const given = terms.filter((term) => term !== undefined);
  return given.reduce((a, b) => build.op('Add', [a, b]));
}
