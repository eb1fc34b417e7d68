import { type CsvError, parse } from 'csv-parse/browser/esm/sync';
import { DataError, FormatError, LONGEST_CELL } from '../../base/index.js';

/** One record of a table: its cells, and the line of the file that it begins on, from 1. */
export interface Line {
  number: number;
  cells: string[];
}

/** So many bytes become one text at a time: JavaScript's texts are limited, and memory is. */
const PIECE = 1 << 26;

const NEWLINE = 10;
const QUOTE = 34;

/**
 * The records of a CSV file that are not blank. Commas, semicolons or tabs; quotes as in RFC 4180; UTF-8.
 * @throws FormatError for quotes that are not closed or stand within a cell, and for records of different lengths; DataError for no record at all.
 */
export function* csvLines(bytes: Uint8Array, where: string): Generator<Line, undefined> {
  const decoder = new TextDecoder();
  let delimiter: string | undefined;
  let columns: number | undefined;
  let first = 1;
  for (const piece of pieces(bytes)) {
    const text = decoder.decode(piece);
    delimiter ??= guessDelimiter(text);
    for (const line of parsePiece(text, delimiter, first, where)) {
      columns ??= line.cells.length;
      if (line.cells.length !== columns) throw ragged(line, columns, where);
      yield line;
    }
    first += count(piece, NEWLINE);
  }
  if (columns === undefined) throw new DataError({ what: 'The table is empty', where });
}

/** Whole records, some 64 MiB at a time: a line break after an even number of quotes ends a record. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array, undefined> {
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(bytes.length, start + PIECE);
    let open = count(bytes.subarray(start, end), QUOTE) % 2 === 1;
    while (end < bytes.length && (open || bytes[end - 1] !== NEWLINE)) if (bytes[end++] === QUOTE) open = !open;
    yield bytes.subarray(start, end);
    start = end;
  }
}

function count(bytes: Uint8Array, wanted: number): number {
  let found = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found++;
  return found;
}

function parsePiece(text: string, delimiter: string, first: number, where: string): Line[] {
  const lines: Line[] = [];
  let end = first - 1;
  try {
    parse(text, {
      delimiter,
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_CELL,
      record_delimiter: ['\n', '\r\n'],
      on_record: (cells: string[], { lines: seen }) => {
        end = first - 1 + seen;
        const inside = cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
        if (cells.length > 1 || cells[0].trim() !== '') lines.push({ number: end - inside, cells });
        return null;
      },
    });
  } catch (cause) {
    throw damaged(cause as CsvError, end + 1, where);
  }
  return lines;
}

/** Of commas, semicolons and tabs, the one that splits the first line most. */
function guessDelimiter(text: string): string {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  const counts = [',', ';', '\t'].map((candidate) => [candidate, line.split(candidate).length] as const);
  return counts.reduce((best, other) => (other[1] > best[1] ? other : best))[0];
}

function damaged(cause: CsvError, line: number, where: string): FormatError {
  const isOpen = cause.code === 'CSV_QUOTE_NOT_CLOSED' || cause.code === 'CSV_MAX_RECORD_SIZE';
  return new FormatError(
    {
      what: isOpen ? 'A quote is never closed, or a record is too long' : `The table cannot be parsed (${cause.message})`,
      where: `${where}, line ${line}`,
      fix: isOpen
        ? 'Close the quote; a quote that is part of a text is doubled, and the text put in quotes'
        : 'Put texts that hold quotes in quotes, with each quote in them doubled',
    },
    { cause },
  );
}

function ragged({ number, cells }: Line, columns: number, where: string): FormatError {
  return new FormatError({
    what: `Line ${number} has another number of cells`,
    where,
    expected: String(columns),
    got: String(cells.length),
    fix: 'Put texts that hold the delimiter in quotes',
  });
}
