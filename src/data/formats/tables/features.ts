import { DataError } from '../../../base/index.js';
import type { ColumnSpec, InputSpec } from '../../dataset.js';
import type { DataTensor } from '../../tensor.js';
import { byCodeUnit, listed } from '../labels.js';
import { type Column, isMissing, type NumberColumn, type Table, type TextColumn } from './column.js';

/** More different texts than this in a column are no categories. */
const MOST_CATEGORIES = 1000;
/** Rows that a category has on average, at least; below that texts are names, ids or sentences. */
const LEAST_ROWS = 2;
/** So few rows say nothing of how often texts repeat. */
const FEW_ROWS = 20;

const DATE = /^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*)?$|^\d{1,2}[/.]\d{1,2}[/.]\d{2,4}([T ].*)?$/;

/** What a table's features are. */
export interface TableFeatures {
  tensor: DataTensor;
  columns: ColumnSpec[];
  /** For people: categories that are new, values that are missing. */
  remarks: string[];
}

/** Whether a column holds texts of its own rather than names of categories. */
export function isFreeText(column: Column, rows: number): column is TextColumn {
  if (column.kind !== 'texts' || isDates(column)) return false;
  const distinct = column.texts.length;
  return distinct > MOST_CATEGORIES || (rows >= FEW_ROWS ? distinct * LEAST_ROWS > rows : averageLength(column) > 40);
}

function averageLength({ texts }: TextColumn): number {
  return texts.reduce((sum, text) => sum + text.length, 0) / Math.max(1, texts.length);
}

/**
 * Columns as one row of numbers a sample: numbers as they are, texts as the number of their category (-1 for one that `like` has not), NaN where a value
 * is missing.
 * @param like the training table's columns, whose categories these have as well.
 * @throws DataError for dates, lists, texts that are no categories, and columns without any value.
 */
export function tableFeatures(columns: readonly Column[], { rows, where }: Table, like?: readonly ColumnSpec[]): TableFeatures {
  const remarks: string[] = [];
  const specs: ColumnSpec[] = [];
  const data = new Float32Array(rows * columns.length);
  for (const [place, column] of columns.entries()) {
    const known = like?.[place];
    const { spec, values } = readColumn(column, where, rows, known, remarks);
    specs.push(spec);
    values.forEach((value, row) => {
      data[row * columns.length + place] = value;
    });
  }
  return { tensor: { type: 'float32', shape: [rows, columns.length], data, kind: 'features' }, columns: specs, remarks };
}

function readColumn(column: Column, where: string, rows: number, known: ColumnSpec | undefined, remarks: string[]) {
  if (column.kind === 'refused') throw column.error;
  if (column.kind === 'lists') throw refused(column.name, where, 'holds lists', 'lists are targets (--label), not features');
  if (known && (known.categories === undefined) !== (column.kind === 'numbers'))
    throw refused(
      column.name,
      where,
      'is not what it is in the training part',
      `give it ${known.categories ? 'texts' : 'numbers'} there too`,
    );
  return column.kind === 'numbers' ? readNumbers(column, where, remarks) : readTexts(column, where, rows, known, remarks);
}

function readNumbers({ name, values }: NumberColumn, where: string, remarks: string[]) {
  const missing = values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
  if (missing === values.length) throw refused(name, where, 'has no value at all');
  if (missing > 0) remarks.push(`column "${name}" lacks ${missing} of ${values.length} values, for which its median stands`);
  return { spec: { name }, values: Float32Array.from(values) };
}

function readTexts(column: TextColumn, where: string, rows: number, known: ColumnSpec | undefined, remarks: string[]) {
  const { name, texts, codes } = column;
  if (isDates(column)) throw refused(name, where, 'holds dates', 'turn them into numbers (year, month, days since a day)');
  if (!known && isFreeText(column, rows))
    throw refused(
      name,
      where,
      `holds ${texts.length} different texts, too many for categories`,
      'a table of one text column and labels is read as texts',
    );
  const used = new Set(codes);
  const categories = known?.categories ?? texts.filter((text, code) => used.has(code) && !isMissing(text)).sort(byCodeUnit);
  if (categories.length === 0) throw refused(name, where, 'has no value at all');
  const places = new Map(categories.map((text, place) => [text, place]));
  const codeOf = texts.map((text) => places.get(text) ?? (isMissing(text) ? Number.NaN : -1));
  const values = Float32Array.from(codes, (code) => (code < 0 ? Number.NaN : codeOf[code]));
  const missing = values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
  const strange = texts.filter((_, code) => codeOf[code] === -1);
  if (missing > 0) remarks.push(`column "${name}" lacks ${missing} of ${rows} values, for which its most frequent category stands`);
  if (strange.length > 0)
    remarks.push(`column "${name}" has categories that the training part has not, which count as none: ${listed(strange, 5)}`);
  return { spec: { name, categories }, values };
}

function isDates({ texts }: TextColumn): boolean {
  const present = texts.filter((text) => !isMissing(text));
  return present.length > 0 && present.every((text) => DATE.test(text));
}

function refused(name: string, where: string, what: string, fix?: string): DataError {
  const others = 'or name the columns that are features with --columns';
  return new DataError({
    what: `Column "${name}" ${what}`,
    where,
    fix: fix ? `${fix[0].toUpperCase()}${fix.slice(1)}, ${others}` : `Name the columns that are features with --columns`,
  });
}

/** How features of a table are declared. @param named whether the columns have names of their own. */
export function featureSpec({ tensor, columns }: TableFeatures, named: boolean): Pick<InputSpec, 'kind' | 'columns' | 'names'> {
  const plain = columns.every(({ categories }) => !categories) && !(tensor.data as Float32Array).some(Number.isNaN);
  return { kind: 'features', ...(!plain && { columns }), ...(plain && named && { names: columns.map(({ name }) => name) }) };
}
