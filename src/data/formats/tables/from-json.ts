import { allowed, CELLS, DataError, FormatError } from '../../../base/index.js';
import { type Cell, ColumnBuilder, checkColumnCount, type Table } from './column.js';

/**
 * JSON Lines as a table: one flat object a line; its keys name the columns, and a key that a line lacks is a missing value.
 * @throws FormatError naming the line that is no JSON; DataError for what is no object, and for keys that hardly any line has.
 */
export function tableFromJsonLines(bytes: Uint8Array, where: string): Table {
  const collector = new RecordCollector(where, allowed(CELLS, bytes.length));
  const decoder = new TextDecoder();
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    const text = decoder.decode(bytes.subarray(start, end));
    start = end + 1;
    number++;
    if (text.trim() === '') continue;
    const at = `line ${number}`;
    collector.add(parse(text, `${where}, ${at}`, 'Put one object on each line; a whole array is read from a file called .json'), at);
  }
  return collector.finish();
}

/** A JSON array of flat objects as a table. @throws as tableFromJsonLines does. */
export function tableFromJson(bytes: Uint8Array, where: string): Table {
  const value = parse(new TextDecoder().decode(bytes), where, 'Files of one object a line are called .jsonl');
  if (!Array.isArray(value))
    throw new DataError({ what: 'This JSON is no table', where, expected: 'an array of flat objects', got: typeName(value) });
  return tableFromRecords(value, where, allowed(CELLS, bytes.length));
}

/** Objects as a table. @param mostCells that it may have, empty ones included. @throws DataError as tableFromJsonLines does. */
export function tableFromRecords(records: readonly unknown[], where: string, mostCells: number): Table {
  const collector = new RecordCollector(where, mostCells);
  for (const [i, record] of records.entries()) collector.add(record, `record ${i}`);
  return collector.finish();
}

function parse(text: string, where: string, fix: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError({ what: `This is no JSON (${(cause as Error).message})`, where, fix }, { cause });
  }
}

/** Collects objects that may lack some of the keys. */
class RecordCollector {
  readonly #where: string;
  readonly #mostCells: number;
  readonly #columns = new Map<string, ColumnBuilder>();
  #rows = 0;

  constructor(where: string, mostCells: number) {
    this.#where = where;
    this.#mostCells = mostCells;
  }

  add(record: unknown, at: string): void {
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new DataError({
        what: 'A row is no object',
        where: `${this.#where}, ${at}`,
        expected: '{"column": value, …}',
        got: typeName(record),
      });
    for (const [name, value] of Object.entries(record)) {
      const cell = toCell(value);
      if (cell === undefined) this.#column(name).refuse(this.#neither(value, name, at));
      else this.#column(name).add(cell);
    }
    this.#rows++;
    this.#checkSize();
    for (const column of this.#columns.values()) if (column.rows < this.#rows) column.add(null);
  }

  finish(): Table {
    if (this.#rows === 0) throw new DataError({ what: 'The table is empty', where: this.#where });
    return { where: this.#where, rows: this.#rows, columns: [...this.#columns.values()].map((column) => column.finish()), named: true };
  }

  #checkSize(): void {
    checkColumnCount(this.#columns.size, this.#where);
    const cells = this.#rows * this.#columns.size;
    if (cells <= this.#mostCells) return;
    throw new DataError({
      what: 'Most cells of the table would be empty',
      where: this.#where,
      expected: `at most ${Math.floor(this.#mostCells)} cells for a file of its size`,
      got: `${this.#rows} rows with ${this.#columns.size} different keys so far`,
      fix: 'Give every row the same few keys',
    });
  }

  #column(name: string): ColumnBuilder {
    const known = this.#columns.get(name);
    if (known) return known;
    const column = new ColumnBuilder(name, this.#where);
    for (let row = 0; row < this.#rows; row++) column.add(null);
    this.#columns.set(name, column);
    return column;
  }

  #neither(value: unknown, name: string, at: string): DataError {
    return new DataError({
      what: 'A value is neither text nor number',
      where: `${this.#where}, ${at}, "${name}"`,
      expected: 'texts and numbers, or lists of them',
      got: typeName(value),
      fix: 'Flatten what is nested into columns of its own, or name the columns that are meant with --columns',
    });
  }
}

/** Undefined for what is nested. */
function toCell(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((each) => ['string', 'number', 'bigint'].includes(typeof each))) return value.map(String);
  return undefined;
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
