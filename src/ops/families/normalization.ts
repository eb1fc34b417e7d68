import { type Node, tensorType, type Value } from '../../onnx/index.js';
import { batchNormalizationGradient } from '../gradients/batch-normalization.js';
import { groupNormalizationGradient, instanceNormalizationGradient } from '../gradients/group-normalization.js';
import { layerNormalizationGradient, rmsNormalizationGradient } from '../gradients/layer-normalization.js';
import { lpNormalizationGradient, meanVarianceNormalizationGradient } from '../gradients/lp-normalization.js';
import { lrnGradient } from '../gradients/lrn.js';
import { type CouplingContext, type CouplingRule, type Family, type InferRule, noMacs } from '../rule.js';
import { normalizeAxes, normalizeAxis } from '../shared/axes.js';
import { inferSame, tieAllBut } from '../shared/broadcast.js';
import { checkSize } from '../shared/convolution.js';
import { withTraits } from '../with-traits.js';
import { batchNormalizationUpgrades, groupNormalizationUpgrade } from './normalization-upgrades.js';

const inferBatch: InferRule = (context) => {
  const type = context.type(0);
  // With fewer than two axes the data has one channel.
  const x = context.shape(0);
  const spatial = context.node.int('spatial', 1) === 1;
  if (x && x.length > 1 && spatial) checkSize(context, "The data's channels do not fit the scale", context.shape(1)?.[0], x[1]);
  const statistics = { type: tensorType(context.dtype(3) ?? context.dtype(0), context.shape(3)) };
  return [type && { type }, statistics, statistics, statistics, statistics];
};

const inferLayer: InferRule = (context) => {
  const type = context.type(0);
  const x = context.shape(0);
  const axis = x && normalizeAxis(context.node, context.node.int('axis', -1), x.length);
  const reduced = x?.map((dim, each) => (each < (axis as number) ? dim : 1));
  const stash = { type: tensorType(context.node.int('stash_type', 1) === 16 ? 'bfloat16' : stashOf(context.dtype(0)), reduced) };
  return [type && { type }, stash, stash];
};

/** Statistics are kept in float32 (double where the data is). */
function stashOf(dtype: string | undefined): 'float32' | 'float64' {
  return dtype === 'float64' ? 'float64' : 'float32';
}

const inferRms: InferRule = (context) => [{ type: tensorType(context.dtype(1) ?? context.dtype(0), context.shape(0)) }];

/** Ties the channels (axis 1) of input and output with vectors that have one element per channel. */
function tieChannels(context: CouplingContext, vectors: readonly (Value | undefined)[]): void {
  const channels = { value: context.input(0), axis: 1 };
  for (const value of vectors) if (value) context.tie({ value, axis: 0 }, channels);
}

function tieData(context: CouplingContext, locked: readonly number[]): void {
  const [value, output] = [context.input(0), context.output()];
  const rank = context.shape(value).length;
  for (let axis = 0; axis < rank; axis++) if (!locked.includes(axis)) context.tie({ value, axis }, { value: output, axis });
}

const spatialAxes = (rank: number): number[] => Array.from({ length: Math.max(0, rank - 2) }, (_, axis) => axis + 2);

const couplesBatch: CouplingRule = (context) => {
  const { node } = context;
  const rank = context.shape(context.input(0)).length;
  const perActivation = node.int('spatial', 1) === 0;
  if (rank < 2 || perActivation) return;
  // In training mode the statistics reduce over everything but the channels.
  const trains = node.int('training_mode', 0) === 1;
  tieData(context, trains ? [0, ...spatialAxes(rank)] : []);
  tieChannels(context, [...node.inputs.slice(1), ...node.outputs.slice(1)]);
};

const couplesInstance: CouplingRule = (context) => {
  tieData(context, spatialAxes(context.shape(context.input(0)).length));
  tieChannels(context, context.node.inputs.slice(1));
};

/** A group is normalised as a whole, so that its channels live and die together; whole groups may go. */
const couplesGroups: CouplingRule = (context) => {
  const { node, opset } = context;
  const data = context.input(0);
  const [, channels] = context.shape(data);
  const groups = node.int('num_groups', 1);
  const perGroup = channels / groups;
  tieData(context, spatialAxes(context.shape(data).length));
  for (const index of [1, 2]) {
    const value = context.input(index);
    if (opset >= 21) context.tie({ value, axis: 0 }, { value: data, axis: 1 });
    else
      context.tie({ value, axis: 0 }, { value: data, axis: 1 }, (group) =>
        Array.from({ length: perGroup }, (_, i) => group * perGroup + i),
      );
  }
  for (let group = 0; group < groups; group++) {
    for (let place = 1; place < perGroup; place++) context.tieWithin({ value: data, axis: 1 }, group * perGroup, group * perGroup + place);
  }
  context.afterwards((size) => node.attributes.set('num_groups', { type: 'int', value: size(data)[1] / perGroup }));
};

/** The normalised axes are locked: every element of them changes the statistics. */
const couplesTrailing: CouplingRule = (context) => {
  const rank = context.shape(context.input(0)).length;
  const axis = normalizeAxis(context.node, context.node.int('axis', -1), rank);
  tieAllBut(
    context,
    Array.from({ length: rank - axis }, (_, each) => axis + each),
  );
};

/** The last axis, where no other one is normalized over. */
function lastOnly(node: Node, rank: number): number | undefined {
  return normalizeAxis(node, node.int('axis', -1), rank) === rank - 1 ? rank - 1 : undefined;
}

const rules = {
  BatchNormalization: {
    infer: inferBatch,
    macs: noMacs,
    gradient: batchNormalizationGradient,
    coupling: couplesBatch,
    quantization: { kind: 'float' },
    upgrades: batchNormalizationUpgrades,
  },
  LayerNormalization: {
    infer: inferLayer,
    macs: noMacs,
    gradient: layerNormalizationGradient,
    coupling: couplesTrailing,
    quantization: { kind: 'float' },
    upgrades: {},
  },
  RMSNormalization: {
    infer: inferRms,
    macs: noMacs,
    gradient: rmsNormalizationGradient,
    coupling: couplesTrailing,
    quantization: { kind: 'float' },
    upgrades: {},
  },
  InstanceNormalization: {
    infer: inferSame,
    macs: noMacs,
    gradient: instanceNormalizationGradient,
    coupling: couplesInstance,
    quantization: { kind: 'float' },
    upgrades: { 6: ({ node }) => void node.attributes.delete('consumed_inputs') },
  },
  GroupNormalization: {
    infer: inferSame,
    macs: noMacs,
    gradient: groupNormalizationGradient,
    coupling: couplesGroups,
    quantization: { kind: 'float' },
    upgrades: { 21: groupNormalizationUpgrade },
  },
  LRN: {
    infer: inferSame,
    // Squares are summed over a window of channels.
    macs: (context) => context.input(0).reduce((product, size) => product * size, context.node.int('size', 1)),
    gradient: lrnGradient,
    coupling: (context) => tieAllBut(context, [1]),
    quantization: { kind: 'float' },
    upgrades: {},
  },
  LpNormalization: {
    infer: inferSame,
    macs: noMacs,
    gradient: lpNormalizationGradient,
    coupling: (context) => {
      const rank = context.shape(context.input(0)).length;
      tieAllBut(context, [normalizeAxis(context.node, context.node.int('axis', -1), rank)]);
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
  MeanVarianceNormalization: {
    infer: inferSame,
    macs: noMacs,
    gradient: meanVarianceNormalizationGradient,
    coupling: (context) => {
      const rank = context.shape(context.input(0)).length;
      tieAllBut(context, normalizeAxes(context.node, context.node.ints('axes', [0, 2, 3]), rank));
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
} satisfies Family;

export const normalization = withTraits(rules, {
  BatchNormalization: { channels: 'second', normalization: { scale: 1, shift: 2, mean: 3, variance: 4, axis: () => 1 } },
  LayerNormalization: { channels: 'last', normalization: { scale: 1, shift: 2, axis: lastOnly } },
  InstanceNormalization: { channels: 'second', normalization: { scale: 1, shift: 2, axis: () => 1 } },
  GroupNormalization: { channels: 'second' },
});
