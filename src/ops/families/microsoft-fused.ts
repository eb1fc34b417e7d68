import { addDims, type Dim, floorDivideDims, multiplyDims, tensorType } from '../../onnx/index.js';
import { plainSimplified, plainSkip, plainSkipSimplified } from '../plain/normalization.js';
import { plainConv } from '../plain/products.js';
import { type CostContext, type Family, type InferContext, type InferRule, noMacs } from '../rule.js';
import { inferSame } from '../shared/broadcast.js';
import { convolutionMacs } from '../shared/convolution.js';
import { fused } from '../shared/fused.js';
import { convolutionProduct } from '../shared/products.js';
import { convolution } from './convolution.js';

/** The sum of input and skip (and bias), normalised; mean and inverse deviation; the sum itself. */
const inferSkip: InferRule = (context) => {
  const type = context.type(0);
  const same = type && { type };
  const statistics = {
    type: tensorType(
      'float32',
      context.shape(0)?.map((dim, axis, all) => (axis === all.length - 1 ? 1 : dim)),
    ),
  };
  return [same, statistics, statistics, same];
};

/** Sums of three embeddings of [batch, length] indices, normalised; the number of unmasked tokens; the sum itself. */
const inferEmbed: InferRule = (context) => {
  const ids = context.shape(0);
  const size = context.shape(2)?.[1];
  const shape = ids && size !== undefined ? [...ids, size] : undefined;
  const type = tensorType(context.dtype(2), shape);
  return [{ type }, { type: tensorType('int32', ids && [ids[0]]) }, { type }];
};

/** Sizes of the queries', keys' and values' parts of com.microsoft.Attention's packed weight [inputs, sum of the three]. */
function packedSizes(node: InferContext['node'], total: Dim): readonly Dim[] {
  return node.ints('qkv_hidden_sizes', undefined) ?? [0, 1, 2].map(() => floorDivideDims(total, 3));
}

const inferPacked: InferRule = (context) => {
  const { node } = context;
  const [x, w, past] = [context.shape(0), context.shape(1), context.shape(4)];
  const dtype = context.dtype(0);
  if (!x || !w) return [{ type: tensorType(dtype) }, { type: tensorType(dtype) }];
  const sizes = packedSizes(node, w[1]);
  const heads = node.int('num_heads', 1);
  const length = past ? addDims(past[3], x[1]) : x[1];
  const present = [2, x[0], heads, length, floorDivideDims(sizes[0], heads)];
  return [{ type: tensorType(dtype, [x[0], x[1], sizes[2]]) }, { type: tensorType(dtype, present) }];
};

/** The three projections, and scores and weighted sums over everything in the cache. */
function packedMacs(context: CostContext): number {
  const [batch, length, inputs] = context.input(0);
  const total = context.input(1)[1];
  const [queries, , values] = packedSizes(context.node, total) as readonly number[];
  const keys = length + (context.input(4)[3] ?? 0);
  return batch * length * (inputs * total + keys * (queries + values));
}

/** Inputs [batch, length, heads * size]; keys and values may have an axis for their heads: [batch, heads, length, size]. */
const inferMultiHead: InferRule = (context) => {
  const [q, k, v] = [context.shape(0), context.shape(1), context.shape(2)];
  const heads = context.node.int('num_heads', 1);
  const dtype = context.dtype(0);
  if (q?.length !== 3 || !k || !v) return [0, 1, 2].map(() => ({ type: tensorType(dtype) }));
  const lengthOf = (shape: readonly Dim[]) => (shape.length === 4 ? shape[2] : shape[1]);
  const sizeIn = (shape: readonly Dim[]) => (shape.length === 4 ? shape[3] : floorDivideDims(shape[2], heads));
  const past = context.has(6) ? context.shape(6)?.[2] : 0;
  const hidden = v.length === 4 ? multiplyDims(v[3], heads) : v[2];
  const cache = (shape: readonly Dim[]) => past !== undefined && [q[0], heads, addDims(lengthOf(shape), past), sizeIn(shape)];
  return [
    { type: tensorType(dtype, [q[0], q[1], hidden]) },
    { type: tensorType(dtype, cache(k) || undefined) },
    { type: tensorType(dtype, cache(v) || undefined) },
  ];
};

function multiHeadMacs(context: CostContext): number {
  const [batch, length, hidden] = context.input(0);
  const key = context.input(1);
  const keys = (key.length === 4 ? key[2] : (key[1] ?? length)) + (context.input(6)[2] ?? 0);
  return batch * length * keys * (hidden + context.output(0)[2]);
}

export const microsoftFused: Family = {
  Attention: fused(inferPacked, packedMacs),
  MultiHeadAttention: fused(inferMultiHead, multiHeadMacs),
  RotaryEmbedding: fused(inferSame),
  SkipLayerNormalization: fused(inferSkip, noMacs, plainSkip),
  SkipSimplifiedLayerNormalization: fused(inferSkip, noMacs, plainSkipSimplified),
  EmbedLayerNormalization: fused(inferEmbed),
  FusedConv: {
    ...fused(convolution.Conv.infer, (context) => convolutionMacs(context, 1), plainConv),
    traits: { product: convolutionProduct(1) },
  },
};

/** What ONNX Runtime's optimizer puts into the standard's own domain: RMSNormalization under its older name. */
export const microsoftStandard: Family = {
  SimplifiedLayerNormalization: fused(
    (context) => {
      const type = context.type(0);
      return [type && { type }, { type: tensorType('float32') }];
    },
    noMacs,
    plainSimplified,
  ),
};
