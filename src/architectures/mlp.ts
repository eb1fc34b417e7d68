import type { Architecture } from './architecture.js';
import { Network } from './layers.js';
import { checkAnswers, checkInput, repeated, scaled } from './scaling.js';

/** Units of a hidden layer, and how many layers there are. */
const UNITS = 128;
const LAYERS = 2;

/** Share of the last hidden layer's units that is dropped. */
const DROPOUT = 0.1;

/**
 * A perceptron for rows of numbers. It standardizes its input itself, (x - mean) * scale, and for numbers to predict gives output * spread + shift: the technique
 * `standardize` fills these in from the training part, so that rows go in as they are and answers come out in the data's units.
 */
export const mlp: Architecture = {
  name: 'mlp',
  summary: 'Two hidden layers for rows of numbers, which it standardizes itself (Rumelhart, Hinton and Williams 1986).',
  takes: 'features',
  scales: ['width', 'depth'],
  preparation: [{ technique: 'standardize', options: {} }],
  training: { freeze: ['standardize.*'], optimizer: 'adamw', learningRate: 0.003, weightDecay: 1, batchSize: 32 },
  build: ({ input, classes, numbers = false, width = 1, depth = 1, seed = 0 }) => {
    checkInput(input, ['columns']);
    checkAnswers({ classes, numbers });
    const network = new Network('mlp', seed);
    const { build } = network;
    const centred = build.op('Sub', [network.input('input', input), network.parameter('standardize.mean', input, { value: 0 })]);
    let x = build.op('Mul', [centred, network.parameter('standardize.scale', input, { value: 1 })]);
    for (let layer = 0; layer < repeated(LAYERS, depth); layer++) x = network.relu(network.dense(x, scaled(UNITS, width)));
    const scores = network.dense(network.dropout(x, DROPOUT), classes);
    if (!numbers) return network.finish(scores, 'scores');
    const spread = build.op('Mul', [scores, network.parameter('standardize.spread', [classes], { value: 1 })]);
    return network.finish(build.op('Add', [spread, network.parameter('standardize.shift', [classes], { value: 0 })]), 'scores');
  },
};
