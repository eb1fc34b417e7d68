import type { Architecture } from './architecture.js';
import { Network } from './layers.js';
import { pooled, presence } from './padding.js';
import { checkAnswers, checkInput, repeated, scaled } from './scaling.js';

/** Numbers of an n-gram's vector. */
const SIZE = 32;

/** Ids there are where the request says nothing. */
export const VOCABULARY = 32_768;

const DROPOUT = 0.5;

/**
 * Hashed n-grams of a text, each with a learned vector; their sum divided by the square root of their number, which is to the vectors what the L2 norm is
 * to counts; and a small perceptron.
 */
export const textBag: Architecture = {
  name: 'text-bag',
  summary:
    'Learned vectors of hashed words, word pairs and pieces of words, summed up, and a small perceptron (after Joulin et al. 2016, fastText).',
  takes: 'text',
  prepared: 'text-ngrams',
  scales: ['width', 'depth'],
  training: { optimizer: 'adamw', learningRate: 0.003, weightDecay: 0 },
  build: ({ input, classes, numbers, vocabulary = VOCABULARY, width = 1, depth = 1, seed = 0 }) => {
    checkInput(input, ['ids']);
    checkAnswers({ classes, numbers });
    const network = new Network('text-bag', seed);
    const ids = network.ids('input', input);
    const size = scaled(SIZE, width);
    let x = pooled(network, network.embedding(ids, vocabulary, size, 0.1), presence(network, ids), 0.5);
    for (let layer = 1; layer < repeated(2, depth); layer++) x = network.relu(network.dense(network.dropout(x, DROPOUT), 2 * size));
    return network.finish(network.dense(x, classes), 'scores');
  },
};
