import type { DataTensor, InputSpec } from '../../data/index.js';
import type { Shown } from '../modality.js';

/** Numbers that a line shows. */
const MOST = 8;

/** The row's numbers. */
export function showNumbers({ data }: DataTensor): Shown {
  const values = Array.from(data as ArrayLike<number>, (value) => String(Number(Number(value).toPrecision(4))));
  return { text: values.length <= MOST ? values.join(', ') : `${values.slice(0, MOST).join(', ')}, … (${values.length} numbers)` };
}

/** The row's values, categories by their names and missing ones as "?". */
export function showRow(sample: DataTensor, { columns }: InputSpec): Shown {
  if (!columns) return showNumbers(sample);
  const values = Array.from(sample.data as ArrayLike<number>, (value, i) => {
    const { name, categories } = columns[i];
    return `${name} ${Number.isNaN(value) ? '?' : (categories?.[value] ?? String(Number(value.toPrecision(4))))}`;
  });
  return { text: values.length <= MOST ? values.join(', ') : `${values.slice(0, MOST).join(', ')}, … (${values.length} values)` };
}
