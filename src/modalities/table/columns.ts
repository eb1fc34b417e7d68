import { DataError, OptionError } from '../../base/index.js';
import { addPreparation, asNumbers, type ColumnSpec, type DataTensor, type Preparation } from '../../data/index.js';

/** One column as a model takes it. */
export interface PreparedColumn extends ColumnSpec {
  /** What stands for a missing value: the column's median, or the number of its most frequent category. */
  fill: number;
}

/** How categories become numbers: a column of zeros and ones for each, where the column was or behind all numbers; or the category's number. */
export type Encoding = 'one-hot' | 'one-hot-last' | 'codes';

export interface ColumnsOptions {
  kind: 'columns';
  columns: readonly PreparedColumn[];
  /** Default "one-hot". */
  encode?: Encoding;
}

/** How many numbers a row has when its categories are encoded. */
export function encodedWidth(columns: readonly ColumnSpec[], encode: Encoding): number {
  return columns.reduce((sum, { categories }) => sum + (categories && encode !== 'codes' ? categories.length : 1), 0);
}

/** Where an encoded number comes from. */
export interface Place {
  column: number;
  category?: number;
}

/** For each encoded number the column that it comes from, and the category that it stands for. */
export function encodedPlaces(columns: readonly ColumnSpec[], encode: Encoding): Place[] {
  const places = columns.flatMap(({ categories }, column): Place[] =>
    categories && encode !== 'codes' ? categories.map((_, category) => ({ column, category })) : [{ column }],
  );
  if (encode !== 'one-hot-last') return places;
  const isNumber = ({ category }: Place) => category === undefined;
  return [...places.filter(isNumber), ...places.filter((place) => !isNumber(place))];
}

/**
 * Rows of a table: missing values are filled in, categories encoded; a category that training had not is a row of zeros, or -1. [n, columns] to
 * [n, encoded].
 */
const columnsPreparation: Preparation = {
  kind: 'columns',
  check: (options) => {
    const { columns, encode = 'one-hot' } = options as unknown as ColumnsOptions;
    const isColumn = (column: PreparedColumn) => typeof column?.name === 'string' && Number.isFinite(column.fill);
    if (!Array.isArray(columns) || !columns.every(isColumn) || !['one-hot', 'one-hot-last', 'codes'].includes(encode))
      throw new OptionError({ what: 'Not usable columns', where: 'preparation "columns"', expected: 'columns with name and fill' });
  },
  run: (samples, options) => encodeRows(samples, options as unknown as ColumnsOptions),
};

function encodeRows(samples: DataTensor, { columns, encode = 'one-hot' }: ColumnsOptions): DataTensor {
  const [rows, width] = samples.shape;
  if (samples.shape.length !== 2 || width !== columns.length)
    throw new DataError({
      what: 'The rows have other columns than the model was made for',
      expected: `${columns.length}: ${columns.map(({ name }) => name).join(', ')}`,
      got: String(width),
    });
  const values = asNumbers(samples);
  const places = encodedPlaces(columns, encode);
  const data = new Float32Array(rows * places.length);
  for (let row = 0; row < rows; row++) {
    for (const [at, { column, category }] of places.entries()) {
      const stored = values[row * width + column];
      const value = Number.isNaN(stored) ? columns[column].fill : stored;
      data[row * places.length + at] = category === undefined ? value : Number(value === category);
    }
  }
  return { type: 'float32', shape: [rows, places.length], data, kind: 'features' };
}

addPreparation(columnsPreparation);
