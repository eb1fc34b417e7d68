import type { Modality } from '../modality.js';
import { numbersSample } from '../table/sample.js';
import { showNumbers } from '../table/show.js';
import { plainPreprocesses } from './preprocess.js';

/** Arrays of any shape, whose axes mean what the model takes them for. */
export const tensor: Modality = {
  kind: 'tensor',
  label: 'arrays',
  usesStatistics: false,
  preprocesses: plainPreprocesses,
  augmentations: ['mixup'],
  usualAugmentation: () => [],
  architectures: [],
  sample: numbersSample,
  takes: 'an array with all numbers of the sample',
  show: ({ shape, ...rest }) => {
    const { text } = showNumbers({ shape, ...rest });
    return { text: `[${shape.slice(1).join(', ')}]: ${text}` };
  },
};
