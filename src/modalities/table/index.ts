import { architecturesFor } from '../../architectures/index.js';
import type { Modality } from '../modality.js';
import { encodedWidth } from './columns.js';
import { rowPreprocesses } from './preprocess.js';
import { numbersSample } from './sample.js';
import { showRow } from './show.js';

/** Rows of numbers, one for each feature. */
export const features: Modality = {
  kind: 'features',
  label: 'rows of numbers',
  usesStatistics: true,
  preprocesses: rowPreprocesses,
  augmentations: ['mixup'],
  usualAugmentation: () => [],
  architectures: architecturesFor('features'),
  // The family standardizes what it is given itself.
  fresh: ({ shape, columns }) => ({ input: [columns ? encodedWidth(columns, 'one-hot') : shape[0]], preprocess: 'raw' }),
  sample: numbersSample,
  takes: 'an array with a number for each feature',
  show: showRow,
};
