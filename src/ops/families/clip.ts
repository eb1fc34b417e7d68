import { type Dim, maxDims, minDims } from '../../onnx/index.js';
import { type GradientRule, type InferContext, noMacs, type OpRule, type UpgradeRule } from '../rule.js';
import { couplesElementwise } from '../shared/broadcast.js';
import { isFraction, mapContents } from '../shared/contents.js';
import { dropConsumedInputs } from '../shared/elementwise.js';
import { formula } from '../shared/formula.js';

/** The bounds pass the gradient on; beyond them it goes to the bound, so that learned bounds (PACT, arXiv 1805.06085) train too. */
const gradient: GradientRule = (context) => {
  const f = formula(context);
  const [x, dy] = [context.input(0), context.grad()];
  return [
    context.needs(0) ? f.mul(dy, f.mask('Equal', x, context.output())) : undefined,
    context.needs(1) ? f.mul(dy, f.mask('Less', x, context.input(1))) : undefined,
    context.needs(2) ? f.mul(dy, f.mask('Greater', x, context.input(2))) : undefined,
  ];
};

/** Clips known elements; a bound that is a fraction of a size is not followed. */
function clipContents(context: InferContext): readonly Dim[] | undefined {
  if (context.opset < 11) return undefined;
  const bounds = [1, 2].filter((index) => context.has(index));
  return mapContents(context, [0, ...bounds], (element, ...limits) => {
    if ([element, ...limits].some((each) => isFraction(each) && typeof element !== 'number')) return undefined;
    return bounds.reduce(
      (value, index, position) => (index === 1 ? maxDims(value, limits[position]) : minDims(value, limits[position])),
      element,
    );
  });
}

/** Opset 11 takes the bounds as inputs. The defaults of before, the largest floats, bound nothing. */
const boundsAsInputs: UpgradeRule = ({ node, build }) => {
  const dtype = node.inputs[0]?.dtype ?? 'float32';
  for (const [index, name] of [
    [1, 'min'],
    [2, 'max'],
  ] as const) {
    if (node.attributes.has(name)) node.setInput(index, build.scalar(node.float(name, 0), dtype));
    else if (index === 1 && node.attributes.has('max')) node.setInput(1, undefined);
    node.attributes.delete(name);
  }
};

export const clip: OpRule = {
  infer: (context) => {
    const type = context.type(0);
    return [type && { type, contents: clipContents(context) }];
  },
  macs: noMacs,
  gradient,
  coupling: couplesElementwise,
  quantization: { kind: 'clipping' },
  upgrades: { 6: dropConsumedInputs, 11: boundsAsInputs },
};
