// The classifiers that goals are held to: others' models beside a developer's checkout, and Espalier's own architectures, trained here first.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileTypes } from './file-types.mjs';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

const DIGITS = ['--data', 'digits', '--preprocess', '0-1'];
const DIGITS_NAME = 'optdigits';

const ROWS = ['int8', 'int4', 'int4-learned', 'int2', 'half'];
/** Commands to 3 times smaller and twice as fast. Networks so small that a run is over before anything pays have none. */
const PRUNED = [
  ['prune', '--target', 'macs=0.2'],
  ['quantize', '--weights'],
];
const WITHOUT_BLOCKS = [['prune', '--target', 'macs=0.12', '--structure', 'channels,heads,blocks'], PRUNED[1]];

/** Files below the shared folder, with what they are trained on. */
const GIVEN = {
  mnist8_cntk: { file: 'models/mnist8_cntk.onnx', about: 'convolutions, MNIST', data: ['--data', 'data/mnist', '--preprocess', '0-1'] },
  mbr: { file: 'cases/depthwise-wild-scales/mbr.t.onnx', about: `MobileNet, ${DIGITS_NAME}`, data: DIGITS },
  mbwild: { file: 'cases/depthwise-wild-scales/mbwild.t.onnx', about: `mbr, scales moved between layers, ${DIGITS_NAME}`, data: DIGITS },
  tx2: {
    file: 'cases/transformer-outlier-channels/tx2.t.onnx',
    about: 'transformer, sentences',
    data: sentences(),
    small: WITHOUT_BLOCKS,
  },
  tx2out: { file: 'cases/transformer-outlier-channels/tx2out.t.onnx', about: 'tx2, two channels × 100, sentences', data: sentences() },
  smT: { file: 'cases/argmax-only/smT.onnx', about: `convolutions, ${DIGITS_NAME}`, data: DIGITS },
  argmaxT: { file: 'cases/argmax-only/argmaxT.onnx', about: `smT, ending in ArgMax, ${DIGITS_NAME}`, data: DIGITS },
  dynshuf: { file: 'cases/dynamic-name-batch1-reshape/dynshufT.onnx', about: `shuffled channels, ${DIGITS_NAME}`, data: DIGITS },
  'external-data': {
    file: 'cases/external-data/sub/model.onnx',
    about: `convolutions, weights in a second file, ${DIGITS_NAME}`,
    data: DIGITS,
  },
  fp16: { file: 'cases/fp16/fp16.onnx', about: `convolutions in float16, ${DIGITS_NAME}`, data: DIGITS },
};

function sentences() {
  return ['--data', 'cases/transformer-outlier-channels/pol2s.npz'];
}

/** Too large to be trained within minutes here: what needs no training is measured. */
const FILES = {
  file: 'models/magika_standard_v3_3.onnx',
  about: 'types of files, by their bytes',
  rows: ['int8', 'int4'],
  small: [['quantize', '--require-faster']],
};

/** Architectures, with the words that train them; `data` is what both the training and everything after it is given. */
const TRAINED = {
  'resnet-8': { about: `residual, ${DIGITS_NAME}`, data: DIGITS, train: ['--arch', 'resnet-8', '--epochs', '20', '--lr', '0.004'] },
  'survey-cnn': {
    about: `convolutions, ${DIGITS_NAME}`,
    data: DIGITS,
    train: ['--arch', 'survey-cnn', '--epochs', '15'],
    small: [['prune', '--target', 'macs=0.1'], ['quantize']],
  },
  'ds-cnn ×0.5': {
    about: 'separable convolutions, spoken digits',
    data: ['--data', 'data/fsdd/recordings.tar', '--label', '{label}_*', '--seconds', '0.8'],
    train: ['--arch', 'ds-cnn', '--width', '0.5', '--epochs', '15'],
    small: PRUNED,
  },
  'resnet-8 ×0.5': {
    about: 'residual, a fifth of CIFAR-10',
    data: ['--data', 'data/cifar10', '--limit', '12000'],
    train: ['--arch', 'resnet-8', '--width', '0.5', '--epochs', '12', '--lr', '0.005'],
    small: PRUNED,
  },
  'survey-cnn ×0.5': {
    about: 'convolutions, a third of MNIST',
    data: ['--data', 'data/mnist', '--preprocess', '0-1', '--limit', '21000'],
    train: ['--arch', 'survey-cnn', '--width', '0.5', '--epochs', '3'],
    small: [PRUNED[0], ['quantize']],
  },
};

/**
 * All of them: name, `about`, the model's path, the words that give its data, `make` where that data is made first, the words that train the model where it is not
 * there yet, the rows that are asked of it, and the commands of the row `small` where there are some.
 */
export function modelsOf(shared, work) {
  const within = (words) => words.map((word) => (/^(data|cases|models)\//.test(word) ? join(shared, word) : word));
  const given = Object.entries(GIVEN).map(([name, { file, about, data, small }]) => {
    return { name, about, path: join(shared, file), data: within(data), rows: ROWS, small };
  });
  const files = join(work, 'files.npz');
  const types = { name: 'magika_standard_v3_3', ...FILES, path: join(shared, FILES.file), data: ['--data', files] };
  const make = () => existsSync(files) || writeFileTypes(NODE_MODULES, files, types.path);
  const trained = Object.entries(TRAINED).map(([name, { about, data, train, small }]) => {
    const path = join(work, name.replaceAll(/\W+/g, '-'), 'model.onnx');
    return { name, about, path, data: within(data), train: [...within(train), ...within(data)], rows: ROWS, small };
  });
  const all = [...given, { ...types, make }];
  for (const { name, path } of all.filter((each) => !existsSync(each.path))) console.error(`${name}: ${path} is not there`);
  const isThere = (words) => words.every((word) => !word.startsWith(shared) || existsSync(word));
  return [...all.filter(({ path }) => existsSync(path)), ...trained.filter(({ data }) => isThere(data))];
}
