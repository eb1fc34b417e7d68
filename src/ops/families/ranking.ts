import { type Dim, SymbolicDim, tensorType } from '../../onnx/index.js';
import {
  type CouplingRule,
  type Family,
  type GradientRule,
  type InferContext,
  noMacs,
  type OpRule,
  refuses,
  type UpgradeRule,
} from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { tieAllBut } from '../shared/broadcast.js';
import { keepsDims, shapeWithout, tieKept } from '../shared/reduction.js';
import { withTraits } from '../with-traits.js';

function axisOf(context: Pick<InferContext, 'node'>, rank: number, fallback: number): number {
  return normalizeAxis(context.node, context.node.int('axis', fallback), rank);
}

const argument: OpRule = {
  infer: (context) => {
    const shape = context.shape(0);
    return [{ type: tensorType('int64', shape && shapeWithout(shape, [axisOf(context, shape.length, 0)], keepsDims(context.node))) }];
  },
  macs: noMacs,
  gradient: refuses('its output is an index'),
  coupling: (context) => {
    const input = context.input(0);
    tieKept(context, input, context.output(), [axisOf(context, context.shape(input).length, 0)], keepsDims(context.node));
  },
  quantization: { kind: 'float' },
  upgrades: {},
};

/** How many elements TopK keeps: an attribute before opset 10, an input since. */
function countOf(context: InferContext): Dim {
  const attribute = context.node.int('k', undefined);
  return attribute ?? context.integers(1)?.[0] ?? SymbolicDim.unknown();
}

/** The gradients go back to where the values came from. */
const topKGradient: GradientRule = (context) => {
  const { build } = context;
  const input = context.input(0);
  const zeros = build.op('Expand', [build.scalar(0, input.dtype), build.ints(context.shape(input))]);
  const axis = axisOf(context, context.shape(input).length, -1);
  return [build.op('ScatterElements', [zeros, context.output(1), context.grad(0)], { axis })];
};

const couplesTopK: CouplingRule = (context) => {
  tieAllBut(context, [axisOf(context, context.shape(context.input(0)).length, -1)]);
};

const countAsInput: UpgradeRule = ({ node, build }) => {
  node.setInput(1, build.ints([node.int('k', 1)]));
  node.attributes.delete('k');
};

const rules = {
  ArgMax: argument,
  ArgMin: argument,
  TopK: {
    infer: (context) => {
      const shape = context.shape(0);
      const axis = shape && axisOf(context, shape.length, -1);
      const count = countOf(context);
      const size = axis === undefined ? undefined : shape?.[axis];
      if (typeof count === 'number' && typeof size === 'number' && count > size) {
        context.fail('More elements are asked for than the axis has', `at most ${size}`, String(count));
      }
      const kept = shape?.map((dim, each) => (each === axis ? count : dim));
      return [{ type: tensorType(context.dtype(0), kept) }, { type: tensorType('int64', kept) }];
    },
    macs: noMacs,
    gradient: topKGradient,
    coupling: couplesTopK,
    quantization: { kind: 'float' },
    upgrades: { 10: countAsInput },
  },
} satisfies Family;

/** Operators that rank the elements along an axis. */
export const ranking = withTraits(rules, {
  TopK: { selects: true },
});
