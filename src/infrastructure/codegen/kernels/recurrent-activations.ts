import { add, binary, div, type Expr, mul, select, sub, unary } from '../loops/index.js';
import { hardSigmoid, like, relu, sigmoid, tanh } from './elementwise.js';
import type { RuleContext } from './rule.js';

type Activation = (x: Expr) => Expr;

/** Activations of recurrent operators, with their default parameters. Source: https://onnx.ai/onnx/operators/onnx__LSTM.html */
const activations: Readonly<Record<string, (alpha: number | undefined, beta: number | undefined) => Activation>> = {
  affine:
    (alpha = 1, beta = 0) =>
    (x) =>
      add(mul(like(x, alpha), x), like(x, beta)),
  elu:
    (alpha = 1) =>
    (x) =>
      select(binary('gt', x, like(x, 0)), x, mul(like(x, alpha), sub(unary('exp', x), like(x, 1)))),
  hardsigmoid:
    (alpha = 0.2, beta = 0.5) =>
    (x) =>
      hardSigmoid(x, alpha, beta),
  leakyrelu:
    (alpha = 0.01) =>
    (x) =>
      select(binary('gt', x, like(x, 0)), x, mul(like(x, alpha), x)),
  relu: () => relu,
  scaledtanh:
    (alpha = 1, beta = 1) =>
    (x) =>
      mul(like(x, alpha), tanh(mul(like(x, beta), x))),
  sigmoid: () => sigmoid,
  softplus: () => (x) => unary('log', add(like(x, 1), unary('exp', x))),
  softsign: () => (x) => div(x, add(like(x, 1), unary('abs', x))),
  tanh: () => tanh,
  thresholdedrelu:
    (alpha = 1) =>
    (x) =>
      select(binary('gt', x, like(x, alpha)), x, like(x, 0)),
};

/** Which of the parameters an activation takes: their lists name only those of activations that have some. */
const parameters: Readonly<Record<string, number>> = {
  affine: 2,
  elu: 1,
  hardsigmoid: 2,
  leakyrelu: 1,
  scaledtanh: 2,
  thresholdedrelu: 1,
};

/** The activations of one direction. @param usual names where the node has none. */
export function activationsOf(context: RuleContext, direction: number, usual: readonly string[]): Activation[] {
  const { node } = context;
  const given = node.strings('activations') ?? [];
  const names = given.length > 0 ? given : Array.from({ length: 2 }, () => usual).flat();
  const [alphas, betas] = [[...(node.floats('activation_alpha', undefined) ?? [])], [...(node.floats('activation_beta', undefined) ?? [])]];
  const all = names.map((name) => {
    const key = name.toLowerCase();
    const make = Object.hasOwn(activations, key) ? activations[key] : context.refuse(`its activation "${name}" is not known`);
    const takes = parameters[key] ?? 0;
    return make(takes > 0 ? alphas.shift() : undefined, takes > 1 ? betas.shift() : undefined);
  });
  return all.slice(direction * usual.length, (direction + 1) * usual.length);
}
