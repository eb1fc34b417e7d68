import { allocate, type DataTensor, type InputSpec } from '../../data/index.js';
import type { Modality, Shown } from '../modality.js';
import { plainPreprocesses } from '../tensor/preprocess.js';

/** Numbers that a line shows. */
const MOST = 8;

/** The row's numbers. */
export function showNumbers({ data }: DataTensor): Shown {
  const values = Array.from(data as ArrayLike<number>, (value) => String(Number(Number(value).toPrecision(4))));
  return { text: values.length <= MOST ? values.join(', ') : `${values.slice(0, MOST).join(', ')}, … (${values.length} numbers)` };
}

/** One number for each feature, as a stored row. */
export function numbersSample(raw: unknown, { type, shape }: InputSpec): DataTensor | undefined {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const values = Array.isArray(raw) || ArrayBuffer.isView(raw) ? Array.from(raw as ArrayLike<number>, Number) : undefined;
  if (values?.length !== size || !values.every(Number.isFinite) || type.endsWith('int64')) return undefined;
  const data = allocate(type, size);
  data.set(values as never);
  return { type, shape: [1, ...shape], data };
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
  sample: numbersSample,
  takes: 'an array with a number for each feature',
  show: showNumbers,
};
