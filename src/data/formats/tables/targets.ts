import { DataError, OptionError } from '../../../base/index.js';
import type { Targets } from '../../targets.js';
import { LABEL_NAMES } from '../csv.js';
import { classesOf, listed, type TargetOptions, targetsFromTensor, targetsFromTexts } from '../labels.js';
import { type Column, type Table, textsOf } from './column.js';

/** What is known of a table's targets before it is read. */
export interface TableTargetOptions extends TargetOptions {
  /** The target columns, by name or number from 0, several separated by commas; false where there is none. Default: see `targetColumns`. */
  label?: string | number | false;
}

/**
 * The columns that hold targets: those named; else the only one called label, class, target or y; else the last, with those before it that are numbers and
 * whose names say that they are targets as well: label0, label1, ... or, of zeros and ones, label_cat, label_dog, ...
 * @param features names of columns that are none where others are there.
 */
export function targetColumns(table: Table, label: TableTargetOptions['label'], features: readonly string[] = []): Column[] {
  const { named, where } = table;
  if (label === false) return [];
  if (label !== undefined) return findColumns(table, splitNames(String(label), table.columns), 'label');
  const others = table.columns.filter(({ name }) => !named || !features.includes(name));
  const columns = others.length > 0 ? others : table.columns;
  const usual = columns.filter(({ name }) => named && LABEL_NAMES.includes(name.toLowerCase()));
  if (table.columns.length < 2)
    throw new DataError({
      what: 'A labelled table needs at least two columns',
      where,
      got: String(table.columns.length),
      fix: 'Say that there is no label column (--unlabelled)',
    });
  if (usual.length === 1) return usual;
  const last = columns[columns.length - 1];
  const several = named ? atTheEnd(columns, (column) => isNamedTarget(column) && isAlike(column, last)) : [];
  return several.length > 1 && several.length < table.columns.length ? several : [last];
}

/**
 * Columns of zeros and ones at the end whose names count them, where only the last is taken for the target: they may be targets, too, or features. Empty
 * where there are none.
 */
export function doubtfulTargets({ columns, named }: Table): Column[] {
  const last = columns[columns.length - 1];
  const isCounted = (column: Column) => COUNTED.test(column.name) && stemOf(column) === stemOf(last) && isBinary(column);
  const found = named ? atTheEnd(columns, isCounted) : [];
  // Where all are called so, nothing tells features from targets.
  const isApart = columns.slice(0, -found.length).some((column) => stemOf(column) !== stemOf(last));
  return found.length > 1 && isApart && !found.some(({ name }) => name.includes(',')) ? found : [];
}

/** A name that ends in a number. */
const COUNTED = /^(.*?)[_\-. ]?\d+$/;
/** The name of one target of several. */
const NAMED_TARGET = /^(labels?|class|targets?|y)([_\-. ].+|\d+)$/i;

function stemOf({ name }: Column): string {
  return (COUNTED.exec(name)?.[1] ?? name).toLowerCase();
}

function isNamedTarget(column: Column): boolean {
  return NAMED_TARGET.test(column.name) && (isBinary(column) || (COUNTED.test(column.name) && column.kind === 'numbers'));
}

/** Whether two columns begin alike: label_cat and label_dog. */
function isAlike(a: Column, b: Column): boolean {
  const [word, other] = [a, b].map(({ name }) => NAMED_TARGET.exec(name)?.[1].toLowerCase());
  return word === other;
}

function isBinary(column: Column): boolean {
  return column.kind === 'numbers' && column.values.every((value) => value === 0 || value === 1);
}

/** The columns at the end that all are so. */
function atTheEnd(columns: readonly Column[], is: (column: Column) => boolean): Column[] {
  return columns.slice(columns.findLastIndex((column) => !is(column)) + 1);
}

/** Names separated by commas, unless a column's own name has commas. */
export function splitNames(text: string, columns: readonly Column[]): string[] {
  if (columns.some(({ name }) => name === text.trim())) return [text.trim()];
  return text.split(',').map((name) => name.trim());
}

/** @throws OptionError for what is no column. */
export function findColumns(
  { columns, named, where }: Pick<Table, 'columns' | 'named' | 'where'>,
  wanted: readonly string[],
  what: string,
): Column[] {
  return wanted.map((name) => {
    const found = columns.find((column) => column.name === name) ?? (/^\d+$/.test(name) ? columns[Number(name)] : undefined);
    if (found) return found;
    throw new OptionError({
      what: `There is no such ${what} column`,
      where,
      expected: named
        ? `of ${listed(columns.map((column) => column.name))}, or numbers below ${columns.length}`
        : `numbers below ${columns.length} (the table has no header)`,
      got: name,
    });
  });
}

/**
 * Targets of some columns: of texts classes, of lists any number of labels, of numbers as `targetsFromTexts` has it; several columns are one-hot, labels of
 * zeros and ones, or numbers to be predicted.
 * @throws DataError for a missing target, and for several columns of texts.
 */
export function tableTargets(columns: readonly Column[], where: string, options: TargetOptions): Targets {
  const [only] = columns;
  if (columns.length === 1 && only.kind === 'lists') return labelSets(only.values, where, options);
  if (columns.length === 1 && only.kind !== 'lists')
    return targetsFromTexts(checked(only, where), where, options, /^\d+$/.test(only.name) ? undefined : only.name);
  const rows = columns.map((column) => numbersOf(column, where));
  const data = Float64Array.from({ length: rows[0].length * rows.length }, (_, i) => rows[i % rows.length][Math.floor(i / rows.length)]);
  const names = options.classes ?? columns.map(({ name }) => name);
  return targetsFromTensor({ type: 'float64', shape: [rows[0].length, rows.length], data }, where, { ...options, classes: names });
}

function checked(column: Column, where: string): string[] {
  if (column.kind === 'refused') throw column.error;
  if (column.kind === 'lists') throw severalTexts(column.name, where);
  const texts = textsOf(column);
  const missing = texts.indexOf('');
  if (missing < 0) return texts;
  throw new DataError({
    what: 'A label is missing',
    where: `${where}, row ${missing + 1}, column "${column.name}"`,
    fix: 'Fill in or remove the rows without a target; columns of targets are named with --label',
  });
}

function numbersOf(column: Column, where: string): ArrayLike<number> {
  checked(column, where);
  if (column.kind === 'numbers') return column.values;
  throw severalTexts(column.name, where);
}

function severalTexts(name: string, where: string): DataError {
  return new DataError({
    what: `Several targets are numbers, and column "${name}" is none of numbers`,
    where,
    fix: 'Name one column of classes, or several columns of numbers (or of zeros and ones), with --label',
  });
}

/** Lists of label names, one a row, as zeros and ones. */
export function labelSets(lists: readonly (readonly string[])[], where: string, { classes: given, like }: TargetOptions): Targets {
  const known = given ?? (like && 'classes' in like ? like.classes : undefined);
  const classes = known ?? classesOf(lists.flat(), where);
  const places = new Map(classes.map((name, i) => [name, i]));
  const values = new Uint8Array(lists.length * classes.length);
  for (const [row, list] of lists.entries()) {
    for (const name of list) {
      const place = places.get(name);
      if (place === undefined)
        throw new DataError({
          what: `A label of row ${row + 1} is none of the labels`,
          where,
          expected: listed(classes),
          got: `"${name}"`,
        });
      values[row * classes.length + place] = 1;
    }
  }
  return { kind: 'labels', classes, values };
}
