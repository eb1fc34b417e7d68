import type { Random } from 'espalier/base';

/** Numbers at the edges of what types, sizes and counts may be. */
export const oddNumbers: readonly bigint[] = [
  0n,
  1n,
  -1n,
  2n,
  7n,
  64n,
  1025n,
  65_537n,
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 31n),
  -(2n ** 63n),
];

/** Names that are properties of every object, empty, of another type, that steer a terminal, or that leave a folder. */
export const oddNames: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
  'prototype',
  '\u001b]0;owned\u0007\u001b[2J',
  '\u009b31m\u202egnp.exe',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  '/dev/zero',
  'a\u0000b',
  '\ud800',
  ' ',
  '?1',
  '日本',
  'x'.repeat(5000),
];

/** Operators whose output may be far larger than their inputs, that hold graphs, or that have a form of their own in the code. */
export const oddOperators: readonly string[] = [
  'Expand',
  'ConstantOfShape',
  'Tile',
  'Range',
  'OneHot',
  'Resize',
  'Upsample',
  'Pad',
  'Concat',
  'Reshape',
  'Shape',
  'Slice',
  'Split',
  'Gather',
  'Unsqueeze',
  'Squeeze',
  'Transpose',
  'Cast',
  'Mul',
  'Add',
  'Div',
  'Sub',
  'Pow',
  'MatMul',
  'Gemm',
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'Einsum',
  'EyeLike',
  'RandomNormal',
  'LSTM',
  'GRU',
  'Loop',
  'If',
  'Scan',
  'BatchNormalization',
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'Constant',
  'Identity',
  'Where',
  'Compress',
  'NonZero',
  'TopK',
  'GatherND',
  'ScatterND',
  'DepthToSpace',
  'SpaceToDepth',
  'Flatten',
  'Dropout',
  'LayerNormalization',
  'GroupNormalization',
  'SequenceConstruct',
  'SplitToSequence',
  'Attention',
  'DFT',
  'STFT',
  'MelWeightMatrix',
  'HannWindow',
  'Col2Im',
  'RoiAlign',
  'NonMaxSuppression',
  'StringSplit',
  'TfIdfVectorizer',
  'CategoryMapper',
];

/** Bytes changed, cut out, doubled or cut off. */
export function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length === 0) return copy;
  for (let i = random.integer(6); i >= 0; i--) {
    const at = random.integer(copy.length);
    copy[at] = random.uniform() < 0.5 ? copy[at] ^ (1 << random.integer(8)) : random.integer(256);
  }
  const [from, to] = [random.integer(copy.length), random.integer(copy.length)].sort((a, b) => a - b);
  const kind = random.uniform();
  if (kind < 0.15) return copy.slice(0, from);
  if (kind < 0.25) return Uint8Array.from(Buffer.concat([copy.subarray(0, from), copy.subarray(to)]));
  if (kind < 0.35)
    return Uint8Array.from(Buffer.concat([copy.subarray(0, to), copy.subarray(from, Math.min(to, from + 200)), copy.subarray(to)]));
  return copy;
}
