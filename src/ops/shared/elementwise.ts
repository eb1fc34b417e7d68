import type { Dim, Node, Value } from '../../onnx/index.js';
import {
  type CouplingRule,
  type GradientContext,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  type OpRule,
  type Refusal,
  type UpgradeContext,
  type UpgradeRule,
} from '../rule.js';
import { broadcastResult, couplesElementwise } from './broadcast.js';
import { mapContents } from './contents.js';
import { type Formula, formula, type Term } from './formula.js';

/** dy times the derivative, where the derivative is a formula of input 0 and output 0. */
export function derivative(slope: (f: Formula, x: () => Value, y: () => Value, node: Node) => Term): GradientRule {
  return (context) => {
    const f = formula(context);
    return [
      f.mul(
        context.grad(),
        slope(
          f,
          () => context.input(0),
          () => context.output(),
          context.node,
        ),
      ),
    ];
  };
}

/** Element-wise in one input, which gives the element type; other inputs broadcast. Stays in floating point when quantized. */
export function unary(gradient: GradientRule | Refusal, more: Partial<OpRule> = {}): OpRule {
  return {
    infer: inferUnary(),
    macs: noMacs,
    gradient,
    coupling: couplesElementwise,
    quantization: { kind: 'float' },
    upgrades: { 6: dropConsumedInputs },
    ...more,
  };
}

/** Same type and shape as input 0; `compute` follows the elements of small tensors. */
export function inferUnary(compute?: (element: Dim, node: Node) => Dim | undefined): InferRule {
  return (context) => {
    const type = context.type(0);
    const contents = compute && mapContents(context, [0], (element) => compute(element, context.node));
    return [type && { type, contents }];
  };
}

/** Two broadcasting inputs of one type. */
export function binary(
  gradient: GradientRule | Refusal,
  compute: ((a: Dim, b: Dim, context: InferContext) => Dim | undefined) | undefined,
  more: Partial<OpRule> = {},
): OpRule {
  return {
    infer: (context) => {
      const result = broadcastLegacy(context);
      return [{ ...result, contents: compute && mapContents(context, [0, 1], (a, b) => compute(a, b, context)) }];
    },
    macs: noMacs,
    gradient,
    coupling: couplesBinary,
    quantization: { kind: 'float' },
    upgrades: { 6: dropConsumedInputs, 7: numpyBroadcasting },
    ...more,
  };
}

const couplesBinary: CouplingRule = (context) => {
  const legacy = context.opset < 7 && context.node.attributes.has('axis');
  if (legacy) context.refuse('it broadcasts in the way of opset 6: upgrade the model to opset 7 or newer first');
  couplesElementwise(context);
};

/** Whether each element of the results follows from those elements of the operands that broadcast to it, and from nothing else. */
export function isElementwise({ coupling }: OpRule): boolean {
  return coupling === couplesElementwise || coupling === couplesBinary;
}

/** The gradients of two inputs, each made only where it is wanted. */
export function partials(context: GradientContext, a: () => Value, b: () => Value): (Value | undefined)[] {
  return [context.needs(0) ? a() : undefined, context.needs(1) ? b() : undefined];
}

/** Before opset 7 the second input was broadcast from a named axis on, so that the result had the shape of the first. */
export function broadcastLegacy(context: InferContext, dtype = context.dtype(0) ?? context.dtype(1)): ReturnType<typeof broadcastResult> {
  if (context.opset >= 7) return broadcastResult(context, dtype);
  return { type: { kind: 'tensor', dtype, shape: context.shape(0) } };
}

/** Opset 6 dropped `consumed_inputs`, a hint that runtimes may write in place. */
export const dropConsumedInputs: UpgradeRule = ({ node }) => {
  node.attributes.delete('consumed_inputs');
};

/** Opset 7 broadcasts like numpy; before, attributes said where the second input's axes stand in the first's. */
export const numpyBroadcasting: UpgradeRule = (context) => {
  const { node } = context;
  const axis = node.int('axis', undefined);
  node.attributes.delete('axis');
  node.attributes.delete('broadcast');
  if (axis !== undefined) alignSecondInput(context, axis);
};

/** Gives input 1 trailing axes of size 1, so that its first axis meets `axis` of input 0. */
export function alignSecondInput(context: UpgradeContext, axis: number): void {
  const { node, build } = context;
  const [rank, own] = [context.rank(0), context.rank(1)];
  if (rank === undefined || own === undefined) {
    context.refuse('the ranks of its inputs are not known');
  }
  const first = axis < 0 ? axis + rank : axis;
  const trailing = rank - first - own;
  if (own === 0 || trailing <= 0) return;
  const axes = Array.from({ length: trailing }, (_, index) => own + index);
  node.setInput(1, build.op('Unsqueeze', [node.inputs[1]], { axes }));
}
