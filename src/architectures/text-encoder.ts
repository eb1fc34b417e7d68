import type { Value } from '../onnx/index.js';
import type { Architecture } from './architecture.js';
import { Network } from './layers.js';
import { pooled, presence } from './padding.js';
import { checkAnswers, checkInput, repeated, scaled } from './scaling.js';
import { VOCABULARY } from './text-bag.js';

/** Numbers of a head, and heads at width 1. */
const HEAD = 16;
const HEADS = 4;
const BLOCKS = 2;
const DROPOUT = 0.2;

/** What is added to a score that attention is not to look at. */
const NEVER = 1e4;

/**
 * A small transformer encoder of hashed words: learned vectors of words and positions, blocks of self-attention and a perceptron, each behind a
 * normalization (Vaswani et al. 2017; Xiong et al. 2020), and the mean over the words.
 */
export const textEncoder: Architecture = {
  name: 'text-encoder',
  summary: 'A small transformer encoder over hashed words (Vaswani et al. 2017), normalized before each layer (Xiong et al. 2020).',
  takes: 'text',
  prepared: 'text-words',
  scales: ['width', 'depth'],
  training: { optimizer: 'adamw', learningRate: 0.001, weightDecay: 0.01 },
  build: ({ input, classes, numbers, vocabulary = VOCABULARY, width = 1, depth = 1, seed = 0 }) => {
    checkInput(input, ['ids']);
    checkAnswers({ classes, numbers });
    const network = new Network('text-encoder', seed);
    const { build } = network;
    const ids = network.ids('input', input);
    const present = presence(network, ids);
    const heads = scaled(HEADS, width, 1);
    const words = network.embedding(ids, vocabulary, heads * HEAD, 0.1);
    let x = build.op('Add', [words, network.parameter('positions.weight', [input[0], heads * HEAD], { spread: 0.02 })]);
    const hidden = build.op('Mul', [build.op('Sub', [present, build.scalar(1)]), build.scalar(NEVER)]);
    const mask = build.op('Unsqueeze', [hidden, build.ints([1, 2])]);
    for (let block = 0; block < repeated(BLOCKS, depth); block++) {
      x = network.add(x, network.dropout(attention(network, network.layerNorm(x), mask, heads), DROPOUT));
      const wide = network.relu(network.project(network.layerNorm(x), 2 * heads * HEAD));
      x = network.add(x, network.dropout(network.project(wide, heads * HEAD), DROPOUT));
    }
    return network.finish(network.dense(network.dropout(pooled(network, network.layerNorm(x), present, 1), DROPOUT), classes), 'scores');
  },
};

/** Each word looks at all words: [N, L, D] to [N, L, D]. @param mask [N, 1, 1, L], added to the scores. */
function attention(network: Network, x: Value, mask: Value, heads: number): Value {
  const { build } = network;
  const [length, size] = [Number(x.shape?.[1]), Number(x.shape?.[2])];
  const split = (value: Value, perm: number[]) =>
    build.op('Transpose', [build.op('Reshape', [value, build.ints([0, length, heads, size / heads])])], { perm });
  const queries = split(network.project(x, size), [0, 2, 1, 3]);
  const keys = split(network.project(x, size), [0, 2, 3, 1]);
  const values = split(network.project(x, size), [0, 2, 1, 3]);
  const scores = build.op('Mul', [build.op('MatMul', [queries, keys]), build.scalar(1 / Math.sqrt(size / heads))]);
  const weights = build.op('Softmax', [build.op('Add', [scores, mask])], { axis: -1 });
  const seen = build.op('Transpose', [build.op('MatMul', [weights, values])], { perm: [0, 2, 1, 3] });
  return network.project(build.op('Reshape', [seen, build.ints([0, length, size])]), size);
}
