import type { DataTensor } from '../../data/index.js';
import type { Modality, Shown } from '../modality.js';
import { plainPreprocesses } from '../tensor/preprocess.js';

/** Numbers that a line shows. */
const MOST = 8;

/** The row's numbers. */
export function showNumbers({ data }: DataTensor): Shown {
  const values = Array.from(data as ArrayLike<number>, (value) => String(Number(Number(value).toPrecision(4))));
  return { text: values.length <= MOST ? values.join(', ') : `${values.slice(0, MOST).join(', ')}, … (${values.length} numbers)` };
}

/** Rows of numbers, one for each feature. */
export const features: Modality = {
  kind: 'features',
  label: 'rows of numbers',
  usesStatistics: true,
  preprocesses: plainPreprocesses,
  augmentations: ['mixup'],
  usualAugmentation: () => [],
  architectures: [],
  show: showNumbers,
};
