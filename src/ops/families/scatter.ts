import { type Family, type GradientRule, type InferRule, noMacs, type OpRule, refuses } from '../rule.js';
import { zerosOf } from '../shared/gradients.js';
import { tensorOf } from '../shared/inferred.js';

const inferData: InferRule = (context) => [tensorOf(context.dtype(0) ?? context.dtype(2), context.shape(0))];

/**
 * Written elements come from the updates, all others from the data; with reduction "add" both contribute. Where indices repeat without a
 * reduction, ONNX does not say which update wins, and neither does the gradient.
 */
function scatterGradient(scatter: string, gather: string): GradientRule {
  return (context) => {
    const { build, grad, input, node } = context;
    const reduction = node.string('reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') context.refuse(`reduction "${reduction}" keeps no record of what it replaced`);
    const attributes = scatter === 'ScatterElements' ? { axis: node.int('axis', 0) } : {};
    const erased = () => build.op(scatter, [grad(), input(1), zerosOf(build, grad(), context.shape(input(2)))], attributes);
    return [
      context.needs(0) ? (reduction === 'add' ? grad() : erased()) : undefined,
      undefined,
      context.needs(2) ? build.op(gather, [grad(), input(1)], attributes) : undefined,
    ];
  };
}

const byElement = refuses('its indices are those of single elements');

const scatterElements: OpRule = {
  infer: inferData,
  macs: noMacs,
  gradient: scatterGradient('ScatterElements', 'GatherElements'),
  coupling: byElement,
  quantization: { kind: 'float' },
  upgrades: {},
};

/** Writing elements at given indices. */
export const scatter: Family = {
  Scatter: {
    ...scatterElements,
    upgrades: {
      11: ({ node }) => {
        node.op = 'ScatterElements';
      },
    },
  },
  ScatterElements: scatterElements,
  ScatterND: {
    infer: inferData,
    macs: noMacs,
    gradient: scatterGradient('ScatterND', 'GatherND'),
    coupling: byElement,
    quantization: { kind: 'float' },
    upgrades: {},
  },
  TensorScatter: {
    infer: inferData,
    macs: noMacs,
    gradient: refuses('it updates a cache of generated tokens, which training has no use for'),
    coupling: refuses('a cache must keep the shape that its next reader expects'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
};
