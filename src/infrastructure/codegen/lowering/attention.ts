import { Tensor, type Value } from '../../../onnx/index.js';
import type { Composer, Composition } from './compositions.js';

const NOTHING = Number.NEGATIVE_INFINITY;

/** What output 3 is of the scores: as they come from the product, with the mask (from opset 24 on: capped), capped (with the mask), or as weights. */
const MODES = ['product', 'second', 'third', 'weights'] as const;

/**
 * softmax(cap(scale · Q Kᵀ) + mask) V, in products, sums and a softmax. Query heads that share a key head are one after the other: they are more queries
 * of that head.
 */
export const attention: Composition = (composer) => {
  const { node, op, shape, ints, scalar, replace } = composer;
  const [q, k, v] = [0, 1, 2].map((index) => withHeads(composer, index));
  const keys = withPast(composer, 4, k);
  const values = withPast(composer, 5, v);
  const [batch, heads, length, size] = shape(q);
  const [, keyHeads, total] = shape(keys);
  const scale = node.float('scale', 1 / Math.sqrt(size));
  const shared = (heads / keyHeads) * length;
  const rows = op('Reshape', [op('Mul', [q, scalar(scale)]), ints([batch, keyHeads, shared, size])]);
  const product = op('MatMul', [rows, op('Transpose', [keys], { perm: [0, 1, 3, 2] })]);
  const scores = op('Reshape', [product, ints([batch, heads, length, total])]);
  const cap = node.float('softcap', 0);
  const capped = cap === 0 ? scores : op('Mul', [op('Tanh', [op('Div', [scores, scalar(cap)])]), scalar(cap)]);
  const mask = maskOf(composer, length, total);
  const masked = mask ? op('Add', [capped, mask]) : capped;
  const all = op('Softmax', [masked], { axis: -1 });
  const weights = mask ? withoutEmptyRows(composer, all, mask) : all;
  const result = op('MatMul', [op('Reshape', [weights, ints([batch, keyHeads, shared, total])]), values]);
  const whole = op('Reshape', [result, ints([batch, heads, length, shape(values)[3]])]);
  replace(0, node.inputs[0]?.shape?.length === 3 ? withoutHeads(composer, whole) : whole);
  replace(1, keys);
  replace(2, values);
  const mode = MODES[node.int('qk_matmul_output_mode', 0)];
  replace(3, { product: scores, second: cap === 0 ? masked : capped, third: masked, weights }[mode]);
};

/** [batch, heads, length, size] of an input that may have its heads side by side in its last axis. */
function withHeads({ node, op, shape, ints }: Composer, index: number): Value {
  const value = node.inputs[index] as Value;
  if (shape(value).length === 4) return value;
  const [batch, length, width] = shape(value);
  const heads = node.int(index === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
  return op('Transpose', [op('Reshape', [value, ints([batch, length, heads, width / heads])])], { perm: [0, 2, 1, 3] });
}

function withoutHeads({ op, shape, ints }: Composer, value: Value): Value {
  const [batch, heads, length, size] = shape(value);
  return op('Reshape', [op('Transpose', [value], { perm: [0, 2, 1, 3] }), ints([batch, length, heads * size])]);
}

function withPast({ node, op }: Composer, index: number, value: Value): Value {
  const past = node.inputs[index];
  return past ? op('Concat', [past, value], { axis: 2 }) : value;
}

/** What is added to the scores: -∞ where a query does not see a key. */
function maskOf(composer: Composer, length: number, total: number): Value | undefined {
  const { node, op, scalar } = composer;
  const parts = [givenMask(composer, total), ...seenParts(composer, length, total)].filter((part) => part !== undefined);
  const added = parts.map((part) => (part.dtype === 'bool' ? op('Where', [part, scalar(0), scalar(NOTHING)]) : part));
  return node.inputs.length > 3 || added.length > 0
    ? added.reduce<Value | undefined>((sum, each) => (sum ? op('Add', [sum, each]) : each), undefined)
    : undefined;
}

/** The mask that is an input; keys beyond its end are not seen. */
function givenMask({ node, op, shape, ints, scalar }: Composer, total: number): Value | undefined {
  const mask = node.inputs[3];
  if (!mask) return undefined;
  const sizes = shape(mask);
  const short = total - sizes[sizes.length - 1];
  const added = mask.dtype === 'bool' ? op('Where', [mask, scalar(0), scalar(NOTHING)]) : mask;
  if (short <= 0 || sizes[sizes.length - 1] === 1) return added;
  return op('Pad', [
    added,
    ints([...sizes.map(() => 0), ...sizes.map((_, axis) => (axis === sizes.length - 1 ? short : 0))]),
    scalar(NOTHING),
  ]);
}

/** Which keys a query sees: those up to its own place, and those that are not padding. */
function seenParts({ node, op, shape, ints, constant }: Composer, length: number, total: number): Value[] {
  const counts = node.inputs[6];
  const past = node.inputs[4] ? shape(node.inputs[4] as Value)[2] : 0;
  const causal = node.int('is_causal', 0) === 1;
  const columns = constant(
    Tensor.from(
      'int64',
      [1, 1, 1, total],
      Array.from({ length: total }, (_, at) => at),
    ),
  );
  const own = constant(
    Tensor.from(
      'int64',
      [1, 1, length, 1],
      Array.from({ length }, (_, at) => at + (counts ? -length : past)),
    ),
  );
  const ofBatch = counts && op('Unsqueeze', [counts, ints([1, 2, 3])]);
  const places = ofBatch ? op('Add', [own, ofBatch]) : own;
  return [...(causal ? [op('LessOrEqual', [columns, places])] : []), ...(ofBatch ? [op('Less', [columns, ofBatch])] : [])];
}

/** Rows of which nothing is seen weigh nothing, where a softmax would give no numbers. */
function withoutEmptyRows({ op, ints, scalar }: Composer, weights: Value, mask: Value): Value {
  const most = op('ReduceMax', [mask, ints([-1])], { keepdims: 1 });
  return op('Where', [op('Equal', [most, scalar(NOTHING)]), scalar(0), weights]);
}

/** Pairs of numbers, turned by an angle: the halves of each head, or neighbours. Numbers behind the first `rotary_embedding_dim` stay. */
export const rotaryEmbedding: Composition = (composer) => {
  const { node, op, shape, ints, replace } = composer;
  const [given, cosine, sine, positions] = node.inputs as Value[];
  const packed = shape(given).length === 3;
  const heads = node.int('num_heads', 0);
  const [batch, length, width] = packed ? shape(given) : [shape(given)[0], shape(given)[2], 0];
  // [batch, length, heads, size]
  const x = packed ? op('Reshape', [given, ints([batch, length, heads, width / heads])]) : op('Transpose', [given], { perm: [0, 2, 1, 3] });
  const size = shape(x)[3];
  const turned = node.int('rotary_embedding_dim', 0) || size;
  const half = turned / 2;
  const angle = (table: Value) => {
    const rows = positions ? op('Gather', [table, positions], { axis: 0 }) : table;
    return op('Unsqueeze', [rows, ints([2])]);
  };
  const [cos, sin] = [angle(cosine), angle(sine)];
  const cut = (from: number, to: number, step = 1) => op('Slice', [x, ints([from]), ints([to]), ints([3]), ints([step])]);
  const interleaved = node.int('interleaved', 0) === 1;
  const [a, b] = interleaved ? [cut(0, turned, 2), cut(1, turned, 2)] : [cut(0, half), cut(half, turned)];
  const real = op('Sub', [op('Mul', [a, cos]), op('Mul', [b, sin])]);
  const imaginary = op('Add', [op('Mul', [a, sin]), op('Mul', [b, cos])]);
  const both = interleaved
    ? op('Reshape', [
        op('Concat', [op('Unsqueeze', [real, ints([4])]), op('Unsqueeze', [imaginary, ints([4])])], { axis: 4 }),
        ints([batch, length, shape(x)[2], turned]),
      ])
    : op('Concat', [real, imaginary], { axis: 3 });
  const whole = turned < size ? op('Concat', [both, cut(turned, size)], { axis: 3 }) : both;
  replace(0, packed ? op('Reshape', [whole, ints([batch, length, width])]) : op('Transpose', [whole], { perm: [0, 2, 1, 3] }));
};
