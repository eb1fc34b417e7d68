import type { Node, Value } from '../../onnx/index.js';
import type { PlainContext, PlainRule } from '../rule.js';
import { activated } from './activation.js';

const OWN = new Set(['activation', 'activation_params', 'activation_alpha', 'activation_beta', 'activation_gamma']);

function standardAttributes(node: Node) {
  return Object.fromEntries([...node.attributes].filter(([name]) => !OWN.has(name)));
}

/** Conv, plus input 3 where it is given, and an activation of the sum. */
export const plainConv: PlainRule = (context) => {
  const { node, build, replace } = context;
  const [x, weight, bias, sum] = node.inputs;
  const product = build.op('Conv', [x, weight, bias], standardAttributes(node));
  const added = sum ? build.op('Add', [product, sum]) : product;
  replace(0, activated(context, added, node.floats('activation_params', [])));
};

export const plainGemm: PlainRule = (context) => {
  const { node, build, replace } = context;
  const product = build.op('Gemm', node.inputs, standardAttributes(node));
  const given = ['activation_alpha', 'activation_beta', 'activation_gamma'].map((name) =>
    node.attributes.has(name) ? node.float(name, 0) : undefined,
  );
  replace(0, activated(context, product, given));
};

/** alpha · A · B, where `transBatch` moves the first axis of a factor behind its batch and `trans` then swaps its last two. */
export const plainMatMul: PlainRule = (context) => {
  const { node, build, replace } = context;
  const product = build.op('MatMul', [factor(context, 0, 'A'), factor(context, 1, 'B')]);
  const alpha = node.float('alpha', 1);
  replace(0, alpha === 1 ? product : build.op('Mul', [product, build.scalar(alpha, product.dtype)], {}));
};

function factor({ node, build, rank, refuse }: PlainContext, index: number, side: 'A' | 'B'): Value | undefined {
  const value = node.inputs[index];
  const [moves, swaps] = [node.int(`transBatch${side}`, 0) === 1, node.int(`trans${side}`, 0) === 1];
  const axes = rank(index);
  if (!moves && !swaps) return value;
  if (axes === undefined) return refuse(`the rank of its input ${index} is not known`);
  if (axes < 2) return value;
  const order = Array.from({ length: axes }, (_, axis) => axis);
  const moved = moves ? [...order.slice(1, -1), 0, axes - 1] : order;
  const perm = swaps ? [...moved.slice(0, -2), moved[axes - 1], moved[axes - 2]] : moved;
  return build.op('Transpose', [value], { perm });
}

/** x · Sigmoid(alpha · x). */
export const plainQuickGelu: PlainRule = ({ node, build, replace }) => {
  const [x] = node.inputs;
  const alpha = node.float('alpha', 1.702);
  const scaled = alpha === 1 ? x : build.op('Mul', [x, build.scalar(alpha, x?.dtype)]);
  replace(0, build.op('Mul', [x, build.op('Sigmoid', [scaled])]));
};

/** Gelu of input 0 plus, where it is given, a bias. */
export function plainGelu(approximate: 'none' | 'tanh'): PlainRule {
  return ({ node, build, opset, replace }) => {
    const [data, bias] = node.inputs;
    const x = bias ? build.op('Add', [data, bias]) : data;
    if (opset >= 20) return replace(0, build.op('Gelu', [x], { approximate }));
    const number = (value: number) => build.scalar(value, x?.dtype);
    const times = (a: Value | undefined, value: number) => build.op('Mul', [a, number(value)]);
    const inner =
      approximate === 'none'
        ? build.op('Erf', [times(x, Math.SQRT1_2)])
        : build.op('Tanh', [
            times(build.op('Add', [x, times(build.op('Mul', [x, build.op('Mul', [x, x])]), 0.044715)]), Math.sqrt(2 / Math.PI)),
          ]);
    replace(0, build.op('Mul', [times(x, 0.5), build.op('Add', [inner, number(1)])]));
  };
}

/** Softmax of the sum of two scores, over the axes from `axis` on as one. */
export const plainBiasSoftmax: PlainRule = ({ node, build, rank, replace, refuse }) => {
  const axes = rank(0);
  const axis = node.int('axis', 1);
  if (axes === undefined || (axis !== -1 && axis !== axes - 1)) refuse('it takes several axes as one');
  replace(0, build.op('Softmax', [build.op('Add', [node.inputs[0], node.inputs[1]])], { axis: -1 }));
};
