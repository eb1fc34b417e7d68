import type { Node } from '../../onnx/index.js';
import { type CouplingRule, type Family, type GradientRule, type InferRule, noMacs, type OpRule, type UpgradeRule, ZERO } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { tieAllBut } from '../shared/broadcast.js';
import { formula } from '../shared/formula.js';
import { withTraits } from '../with-traits.js';

const infer: InferRule = (context) => {
  const type = context.type(0);
  const rank = context.shape(0)?.length;
  if (rank) normalizeAxis(context.node, context.node.int('axis', context.opset < 13 ? 1 : -1), context.opset < 13 ? rank + 1 : rank);
  return [type && { type }];
};

/** The axes that are normalised together: one since opset 13; before, every axis from `axis` on. */
const couples: CouplingRule = (context) => {
  const rank = context.shape(context.input(0)).length;
  if (rank === 0) return;
  const flattens = context.opset < 13;
  const axis = context.node.int('axis', flattens ? 1 : -1);
  const first = axis < 0 ? axis + rank : axis;
  tieAllBut(context, flattens ? Array.from({ length: rank - first }, (_, index) => first + index) : [first]);
};

/** Opset 13 normalises one axis; before, the input was seen as a matrix whose rows started at `axis`. */
const oneAxis: UpgradeRule = ({ node, build, rank, replace }) => {
  const axis = node.int('axis', 1);
  const known = rank(0);
  if (axis === -1 || known === axis + 1) {
    node.attributes.set('axis', { type: 'int', value: -1 });
    return;
  }
  const input = node.inputs[0];
  const rows = build.op(node.op, [build.op('Flatten', [input], { axis })], { axis: -1 });
  replace(0, build.op('Reshape', [rows, build.op('Shape', [input])]));
};

function normalizer(gradient: GradientRule): OpRule {
  return { infer, macs: noMacs, gradient, coupling: couples, quantization: { kind: 'float' }, upgrades: { 13: oneAxis } };
}

function axisOf(context: Parameters<GradientRule>[0]): number {
  return normalizeAxis(context.node, context.node.int('axis', -1), context.shape(context.input(0)).length);
}

const rules = {
  // y * (dy - sum(y * dy))
  Softmax: normalizer((context) => {
    const f = formula(context);
    const [y, dy] = [context.output(), context.grad()];
    return [f.mul(y, f.sub(dy, f.sum(f.mul(y, dy), [axisOf(context)])))];
  }),
  // dy - exp(y) * sum(dy)
  LogSoftmax: normalizer((context) => {
    const f = formula(context);
    const dy = context.grad();
    return [f.sub(dy, f.mul(f.of('Exp', context.output()), f.sum(dy, [axisOf(context)])))];
  }),
  Hardmax: normalizer(() => [ZERO]),
} satisfies Family;

function channels(node: Node, rank: number): number {
  return (node.int('axis', -1) + rank) % rank;
}

/** Softmaxes along an axis. */
export const softmaxes = withTraits(rules, { Softmax: { channels }, LogSoftmax: { channels }, Hardmax: { channels } });
