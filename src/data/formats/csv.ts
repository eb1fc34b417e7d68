import { DataError, FormatError, LONGEST_CELL, OptionError } from '../../base/index.js';
import type { DataTensor } from '../tensor.js';

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

const LABEL_NAMES = ['label', 'class', 'target', 'y'];

/**
 * Reads a table of numbers with, usually, a label column. Commas, semicolons or tabs; quotes as in RFC 4180; UTF-8.
 * @throws FormatError for ragged lines, DataError for missing values, text among the features, or no line at all; each names line and column.
 */
export function parseCsv(bytes: Uint8Array, where: string, options: CsvOptions = {}): CsvTable {
  const lines = records(bytes, where);
  const first = lines.next().value;
  if (!first) throw new DataError({ what: 'The table is empty', where });
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

interface Line {
  number: number;
  cells: string[];
}

/** The lines of a table that are not blank, as cells. */
function* records(bytes: Uint8Array, where: string): Generator<Line, undefined> {
  const decoder = new TextDecoder();
  let delimiter: string | undefined;
  let number = 0;
  /** Pieces of a record whose quoted cell holds line breaks, where it starts, and what it has grown to. */
  let pieces: string[] = [];
  let from = 0;
  let length = 0;
  let open = false;
  const unclosed = (more: string) =>
    new FormatError({
      what: `A quote that opens at line ${from} is never closed${more}`,
      where,
      fix: 'Close it, or write "" for a quote.',
    });
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    const piece = decoder.decode(bytes.subarray(start, end)).replace(/\r$/, '');
    start = end + 1;
    number++;
    if (!open) {
      pieces = [];
      from = number;
      length = 0;
    }
    pieces.push(piece);
    length += piece.length + 1;
    // An odd number of quotes: the line break belongs to a quoted cell.
    if (quotesIn(piece) % 2 === 1) open = !open;
    if (open && length > LONGEST_CELL) throw unclosed(` within ${LONGEST_CELL} characters`);
    if (open) continue;
    const text = pieces.join('\n');
    if (text.trim() === '') continue;
    delimiter ??= guessDelimiter(text);
    yield { number: from, cells: text.includes('"') ? splitQuoted(text, delimiter) : text.split(delimiter) };
  }
  if (open) throw unclosed('');
}

function quotesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++;
  return count;
}

function guessDelimiter(line: string): string {
  const counts = [',', ';', '\t'].map((candidate) => [candidate, line.split(candidate).length] as const);
  return counts.reduce((best, other) => (other[1] > best[1] ? other : best))[0];
}

function splitQuoted(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '"' && quoted && line[i + 1] === '"') cell += line[++i];
    else if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  cells.push(cell);
  return cells;
}

/** What stands for a missing value is no column's name. */
const MISSING = /^\s*(|nan|na|n\/a|null|none|\?|-|[+-]?inf(inity)?)\s*$/i;

function looksLikeHeader(first: readonly string[], second: readonly string[]): boolean {
  return first.some((cell, i) => !isNumber(cell) && !MISSING.test(cell) && isNumber(second[i] ?? ''));
}

function isNumber(cell: string): boolean {
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
    if (cells.length !== this.columns) {
      throw new FormatError({
        what: `Line ${number} has another number of cells`,
        where: this.where,
        expected: String(this.columns),
        got: String(cells.length),
      });
    }
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
