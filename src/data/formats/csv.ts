import { DataError, OptionError } from '../../base/index.js';
import type { DataTensor } from '../tensor.js';
import { csvLines, type Line } from './csv-lines.js';

export interface CsvOptions {
  /** The label column, by header name or number from 0; false where there is none. Default: see `labelColumn`. */
  label?: string | number | false;
  /** Whether the first line names the columns. Default: it does when it has text above a column of numbers. */
  header?: boolean;
}

export interface CsvTable {
  /** Float32 [rows, features]. */
  features: DataTensor;
  /** One text per row; absent where there is no label column. */
  labels?: string[];
  /** The first line's texts, where it is a header. */
  header?: string[];
  /** The number of the label column. */
  labelColumn?: number;
}

export const LABEL_NAMES = ['label', 'class', 'target', 'y'];

/**
 * Reads a table of numbers with, usually, a label column. Commas, semicolons or tabs; quotes as in RFC 4180; UTF-8.
 * @throws FormatError for ragged lines, DataError for missing values, text among the features, or no line at all; each names line and column.
 */
export function parseCsv(bytes: Uint8Array, where: string, options: CsvOptions = {}): CsvTable {
  const lines = csvLines(bytes, where);
  const first = lines.next().value as Line;
  const second = lines.next().value;
  const hasHeader = options.header ?? (second !== undefined && looksLikeHeader(first.cells, second.cells));
  const header = hasHeader ? first.cells : undefined;
  const labelColumn = findLabelColumn(first.cells.length, header, options.label, where);
  const rows = new RowCollector(where, first.cells.length, labelColumn, header);
  if (!hasHeader) rows.add(first);
  if (second) rows.add(second);
  for (const line of lines) rows.add(line);
  return { ...rows.finish(), ...(header && { header }), ...(labelColumn !== undefined && { labelColumn }) };
}

/** What stands for a missing value is no column's name. */
export const MISSING = /^\s*(|nan|na|n\/a|null|none|\?|-|[+-]?inf(inity)?)\s*$/i;

function looksLikeHeader(first: readonly string[], second: readonly string[]): boolean {
  return first.some((cell, i) => !isNumber(cell) && !MISSING.test(cell) && isNumber(second[i] ?? ''));
}

export function isNumber(cell: string): boolean {
  return cell.trim() !== '' && Number.isFinite(Number(cell));
}

/** By the option; else the one column named label, class, target or y; else the last. */
function findLabelColumn(
  columns: number,
  header: readonly string[] | undefined,
  label: CsvOptions['label'],
  where: string,
): number | undefined {
  if (label === false) return undefined;
  if (label === undefined) {
    const named = (header ?? []).flatMap((name, i) => (LABEL_NAMES.includes(name.trim().toLowerCase()) ? [i] : []));
    if (columns < 2)
      throw new DataError({
        what: 'A labelled table needs at least two columns',
        where,
        got: String(columns),
        fix: 'Say that there is no label column',
      });
    return named.length === 1 ? named[0] : columns - 1;
  }
  const byName = typeof label === 'string' ? (header ?? []).findIndex((name) => name.trim() === label) : label;
  // On a command line every option is text, also a column's number.
  const column = byName < 0 && /^\d+$/.test(String(label)) ? Number(label) : byName;
  if (Number.isInteger(column) && column >= 0 && column < columns) return column;
  throw new OptionError({
    what: 'There is no such label column',
    where,
    expected: header ? `one of ${header.join(', ')}, or a number below ${columns}` : `a number below ${columns} (the table has no header)`,
    got: String(label),
  });
}

/** Collects rows of numbers in a growing array. */
class RowCollector {
  #values = new Float32Array(1024);
  #used = 0;
  #rows = 0;
  readonly #labels: string[] = [];

  constructor(
    readonly where: string,
    readonly columns: number,
    readonly labelColumn: number | undefined,
    readonly header: readonly string[] | undefined,
  ) {}

  add({ number, cells }: Line): void {
    if (this.#used + this.columns > this.#values.length) {
      const larger = new Float32Array(2 * this.#values.length + this.columns);
      larger.set(this.#values);
      this.#values = larger;
    }
    for (let column = 0; column < cells.length; column++) {
      if (column === this.labelColumn) this.#labels.push(this.#label(cells[column], number));
      else this.#values[this.#used++] = this.#number(cells[column], number, column);
    }
    this.#rows++;
  }

  finish(): Pick<CsvTable, 'features' | 'labels'> {
    if (this.#rows === 0) throw new DataError({ what: 'The table has a header and no rows', where: this.where });
    const data = this.#values.slice(0, this.#used);
    const features: DataTensor = { type: 'float32', shape: [this.#rows, this.#used / this.#rows], data, kind: 'features' };
    return { features, ...(this.labelColumn !== undefined && { labels: this.#labels }) };
  }

  #label(cell: string, line: number): string {
    const label = cell.trim();
    if (label === '') throw new DataError({ what: 'A label is missing', where: `${this.where}, line ${line}` });
    return label;
  }

  #number(cell: string, line: number, column: number): number {
    if (isNumber(cell)) return Number(cell);
    const name = this.header?.[column];
    throw new DataError({
      what: MISSING.test(cell) ? 'A value is missing' : 'A feature is no number',
      where: `${this.where}, line ${line}, column ${column}${name ? ` ("${name}")` : ''}`,
      expected: 'a finite number',
      got: `"${cell.slice(0, 100)}"`,
      fix: 'Features must be numeric: fill or remove missing values and encode texts; if this is the label, name its column',
    });
  }
}
