import { DataError, MOST_COLUMNS } from '../../../base/index.js';
import { MISSING } from '../csv.js';

/** What one cell may hold; null where its value is missing. */
export type Cell = string | number | null | readonly string[];

/** Numbers, NaN where one is missing. */
export interface NumberColumn {
  kind: 'numbers';
  name: string;
  values: Float64Array;
}

/** Texts, each distinct one kept once. */
export interface TextColumn {
  kind: 'texts';
  name: string;
  /** For each row the place of its text, -1 where the cell is empty. */
  codes: Int32Array;
  texts: readonly string[];
}

/** Any number of texts in each row. */
export interface ListColumn {
  kind: 'lists';
  name: string;
  values: readonly (readonly string[])[];
}

/** A column of what no model takes, which is an error only where it is asked for. */
export interface RefusedColumn {
  kind: 'refused';
  name: string;
  error: DataError;
}

export type Column = NumberColumn | TextColumn | ListColumn | RefusedColumn;

/** A table as it was read: columns of the same length. */
export interface Table {
  /** The file, for messages. */
  where: string;
  rows: number;
  columns: readonly Column[];
  /** Whether the file names its columns; else they are called by their numbers, from 0. */
  named: boolean;
}

/** Numbers that are more than numbers as texts: "007" and "+1" keep their spelling. */
const SPELLED = /^\s*(\+|-?0\d)/;

/**
 * Collects a column cell by cell. It is one of numbers until the first text: then what came before is texts as well, as numbers are usually written.
 */
export class ColumnBuilder {
  readonly #where: string;
  // Made when they are needed: tables may have hundreds of thousands of columns.
  #places: Map<string, number> | undefined;
  /** By row, what stands for a missing number: among texts it may be one of them. */
  #blanks: Map<number, string> | undefined;
  #numbers: number[] | undefined = [];
  #codes: number[] = [];
  #lists: (readonly string[])[] | undefined;
  #refused: DataError | undefined;
  #rows = 0;

  constructor(
    readonly name: string,
    where: string,
  ) {
    this.#where = where;
  }

  get rows(): number {
    return this.#rows;
  }

  add(cell: Cell): void {
    if (this.#refused) this.refuse(this.#refused);
    else this.#add(cell);
  }

  #add(cell: Cell): void {
    if (typeof cell === 'object' && cell !== null) this.#addList(cell);
    else if (this.#lists) this.#lists.push(this.#only(cell));
    else if (this.#numbers) this.#addNumber(cell);
    else this.#addText(cell);
    this.#rows++;
  }

  /** Notes a cell that cannot be used, and that the column cannot be for it. */
  refuse(error: DataError): void {
    this.#refused ??= error;
    this.#rows++;
  }

  finish(): Column {
    const { name } = this;
    if (this.#refused) return { kind: 'refused', name, error: this.#refused };
    if (this.#lists) return { kind: 'lists', name, values: this.#lists };
    if (this.#numbers) return { kind: 'numbers', name, values: Float64Array.from(this.#numbers) };
    return { kind: 'texts', name, codes: Int32Array.from(this.#codes), texts: [...(this.#places?.keys() ?? [])] };
  }

  #addNumber(cell: string | number | null): void {
    const numbers = this.#numbers as number[];
    const isMissing = isMissingCell(cell);
    if (isMissing && typeof cell === 'string' && cell.trim() !== '') {
      this.#blanks ??= new Map();
      this.#blanks.set(this.#rows, cell.trim());
    }
    const value = isMissing ? Number.NaN : Number(cell);
    if (isMissing || (Number.isFinite(value) && !(typeof cell === 'string' && SPELLED.test(cell)))) {
      numbers.push(value);
      return;
    }
    this.#numbers = undefined;
    for (const [row, number] of numbers.entries()) {
      const text = Number.isNaN(number) ? this.#blanks?.get(row) : String(number);
      this.#codes.push(text === undefined ? -1 : this.#place(text));
    }
    this.#addText(cell);
  }

  #addText(cell: string | number | null): void {
    const text = cell === null ? '' : String(cell).trim();
    this.#codes.push(text === '' ? -1 : this.#place(text));
  }

  #place(text: string): number {
    this.#places ??= new Map();
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.#places.size);
    return this.#places.size - 1;
  }

  #addList(cell: readonly string[]): void {
    if (!this.#lists) {
      const isEmpty = this.#numbers?.every(Number.isNaN);
      if (!isEmpty) throw this.#mixed();
      this.#lists = Array.from({ length: this.#rows }, () => []);
    }
    this.#lists.push(cell);
  }

  #only(cell: string | number | null): readonly string[] {
    if (cell === null) return [];
    throw this.#mixed();
  }

  #mixed(): DataError {
    return new DataError({ what: `Column "${this.name}" has lists in some rows and single values in others`, where: this.#where });
  }
}

function isMissingCell(cell: string | number | null): boolean {
  return cell === null || (typeof cell === 'number' ? !Number.isFinite(cell) : isMissing(cell));
}

/** Whether a text stands for a missing value: "", NA, NaN, null, none, "?" or "-". */
export function isMissing(text: string): boolean {
  return MISSING.test(text);
}

/** The column's values as texts; "" where one is missing. */
export function textsOf(column: NumberColumn | TextColumn): string[] {
  if (column.kind === 'numbers') return Array.from(column.values, (value) => (Number.isNaN(value) ? '' : String(value)));
  return Array.from(column.codes, (code) => (code < 0 ? '' : column.texts[code]));
}

/** Some rows of a table, in the given order. */
export function pickTableRows(table: Table, rows: Int32Array): Table {
  const columns = table.columns.map((column): Column => {
    if (column.kind === 'numbers') return { ...column, values: Float64Array.from(rows, (row) => column.values[row]) };
    if (column.kind === 'refused') return column;
    if (column.kind === 'lists') return { ...column, values: Array.from(rows, (row) => column.values[row]) };
    return { ...column, codes: Int32Array.from(rows, (row) => column.codes[row]) };
  });
  return { ...table, rows: rows.length, columns };
}

/** @throws DataError where a table has more columns than are read one by one. */
export function checkColumnCount(count: number, where: string): void {
  if (count <= MOST_COLUMNS) return;
  throw new DataError({
    what: 'The table has too many columns',
    where,
    expected: `at most ${MOST_COLUMNS}`,
    got: String(count),
    fix: 'Save the numbers as an array, .npy or .npz',
  });
}
