import { addDims, type Dim, floorDivideDims, multiplyDims, SymbolicDim, tensorType } from '../../onnx/index.js';
import { attentionGradient, rotaryEmbeddingGradient } from '../gradients/attention.js';
import { type CostContext, type CouplingContext, type Family, type InferContext, type InferRule, noMacs, refuses } from '../rule.js';
import { inferSame } from '../shared/broadcast.js';

/** [batch, heads, length, head size] of an input that holds heads in an axis of their own or, with rank 3, side by side in its last. */
function headsOf(shape: readonly Dim[] | undefined, heads: number | undefined): readonly Dim[] | undefined {
  if (!shape || shape.length === 4) return shape;
  if (shape.length !== 3 || !heads) return undefined;
  return [shape[0], heads, shape[1], floorDivideDims(shape[2], heads)];
}

/** Head counts of Attention's attributes; absent for inputs of rank 4. */
function headCounts(node: InferContext['node']): { q: number | undefined; kv: number | undefined } {
  return { q: node.int('q_num_heads', undefined), kv: node.int('kv_num_heads', undefined) };
}

/** Attention as of opset 23: Y, present key, present value, and the scores. */
const inferAttention: InferRule = (context) => {
  const heads = headCounts(context.node);
  const dtype = context.dtype(0);
  const [q, k, v] = [headsOf(context.shape(0), heads.q), headsOf(context.shape(1), heads.kv), headsOf(context.shape(2), heads.kv)];
  const type = (shape: readonly Dim[] | undefined, of = dtype) => ({ type: tensorType(of, shape) });
  if (!q || !k || !v) return [type(undefined), type(undefined), type(undefined, context.dtype(2)), type(undefined)];
  const past = context.has(4) ? (context.shape(4)?.[2] ?? SymbolicDim.unknown()) : 0;
  const total = addDims(k[2], past);
  const packed = context.shape(0)?.length === 3;
  return [
    type(packed ? [q[0], q[2], multiplyDims(q[1], v[3])] : [q[0], q[1], q[2], v[3]]),
    type([k[0], k[1], total, k[3]]),
    type([v[0], v[1], total, v[3]], context.dtype(2)),
    type([q[0], q[1], q[2], total]),
  ];
};

/** Scores and weighted sums: every query meets every key and every value, in each head. */
function attentionMacs(context: CostContext): number {
  const heads = headCounts(context.node);
  const [q, k, v] = [
    headsOf(context.input(0), heads.q),
    headsOf(context.input(1), heads.kv),
    headsOf(context.input(2), heads.kv),
  ] as (readonly number[])[];
  const total = k[2] + (context.input(4)[2] ?? 0);
  return q[0] * q[1] * q[2] * total * (k[3] + v[3]);
}

/**
 * Heads live and die whole, where each query head has a key and value head of its own. Caches and grouped queries lock everything. With an
 * axis for heads, the size of a head may shrink as well: queries' with keys', values' with outputs'.
 */
function coupleAttention(context: CouplingContext): void {
  const { node } = context;
  const [q, k, v] = [0, 1, 2].map((index) => context.input(index));
  const heads = headCounts(node);
  const cached = context.has(4) || context.has(6) || node.outputs.slice(1).some((output) => output);
  const packed = context.shape(q).length === 3;
  const sameHeads = packed ? heads.q === heads.kv : context.shape(q)[1] === context.shape(k)[1];
  const maskHeads = context.has(3) ? (context.shape(context.input(3)).at(-3) ?? 1) : 1;
  if (cached || !sameHeads || maskHeads !== 1) return;
  if (packed) tiePackedHeads(context, heads.q as number);
  else {
    for (const value of [k, v]) context.tie({ value: q, axis: 1 }, { value, axis: 1 });
    context.tie({ value: q, axis: 1 }, { value: context.output(), axis: 1 });
    context.tie({ value: q, axis: 3 }, { value: k, axis: 3 });
    context.tie({ value: v, axis: 3 }, { value: context.output(), axis: 3 });
    // The default scale follows the head's size: what it was is kept.
    const scale = node.float('scale', 1 / Math.sqrt(context.shape(q)[3]));
    context.afterwards(() => node.attributes.set('scale', { type: 'float', value: scale }));
  }
}

function tiePackedHeads(context: CouplingContext, heads: number): void {
  const { node } = context;
  const q = context.input(0);
  const sizeOfHead = context.shape(q)[2] / heads;
  const axis = 2;
  for (let head = 0; head < heads; head++) {
    for (let i = 1; i < sizeOfHead; i++) context.tieWithin({ value: q, axis }, head * sizeOfHead, head * sizeOfHead + i);
  }
  for (const value of [context.input(1), context.input(2), context.output()]) {
    const size = context.shape(value)[axis] / heads;
    context.tie({ value: q, axis }, { value, axis }, (index) => {
      const head = Math.floor(index / sizeOfHead);
      return Array.from({ length: size }, (_, i) => head * size + i);
    });
  }
  context.afterwards((size) => {
    const left = { type: 'int', value: size(q)[axis] / sizeOfHead } as const;
    node.attributes.set('q_num_heads', left);
    node.attributes.set('kv_num_heads', left);
  });
}

const inferFlex: InferRule = (context) => {
  const [q, v] = [context.shape(0), context.shape(2)];
  return [{ type: tensorType(context.dtype(0), q && v && [q[0], q[1], q[2], v[3]]) }];
};

const inferLinear: InferRule = (context) => {
  const { node } = context;
  const [q, k, v] = [context.shape(0), context.shape(1), context.shape(2)];
  const [queries, keys] = [node.int('q_num_heads', 1), node.int('kv_num_heads', 1)];
  const valueSize = v && floorDivideDims(v[2], keys);
  const output = q && valueSize !== undefined ? [q[0], q[1], multiplyDims(valueSize, queries)] : undefined;
  const state = context.shape(3) ?? (k && valueSize !== undefined ? [k[0], keys, floorDivideDims(k[2], keys), valueSize] : undefined);
  return [{ type: tensorType(context.dtype(0), output) }, { type: tensorType(context.dtype(3) ?? context.dtype(0), state) }];
};

/** Each step updates a state of key size by value size per head (twice where it also reads it), and each query reads one. */
function linearMacs(context: CostContext): number {
  const { node } = context;
  const [batch, length, keySize] = context.input(1);
  const valueSize = context.input(2)[2];
  const heads = node.int('kv_num_heads', 1);
  const state = (keySize / heads) * (valueSize / heads);
  const updates = node.string('update_rule', 'gated_delta').includes('delta') ? 2 : 1;
  return batch * length * state * (heads * updates + node.int('q_num_heads', 1));
}

export const attention: Family = {
  Attention: {
    infer: inferAttention,
    macs: attentionMacs,
    gradient: attentionGradient,
    coupling: coupleAttention,
    quantization: { kind: 'float' },
    upgrades: {},
  },
  LinearAttention: {
    infer: inferLinear,
    macs: linearMacs,
    gradient: refuses('the gradient of its recurrence is not written'),
    coupling: refuses('its heads are packed with gates of several layouts'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
  RotaryEmbedding: {
    infer: inferSame,
    macs: noMacs,
    gradient: rotaryEmbeddingGradient,
    coupling: refuses('elements are rotated in pairs, at angles by their place'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
};

export const previewAttention: Family = {
  FlexAttention: {
    infer: inferFlex,
    macs: attentionMacs,
    gradient: refuses('the gradient of the fused operator is not written'),
    coupling: refuses('its subgraphs may treat heads differently'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
};
