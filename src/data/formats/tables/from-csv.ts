import { DataError, repeats } from '../../../base/index.js';
import { isNumber, LABEL_NAMES, MISSING } from '../csv.js';
import { csvLines, type Line } from '../csv-lines.js';
import { ColumnBuilder, checkColumnCount, type Table } from './column.js';

/** So many rows are looked at to tell whether the first one names the columns. */
const LOOKED_AT = 1000;

/**
 * A CSV file as a table.
 * @param header whether the first line names the columns. Default: found out.
 * @throws as csvLines does; DataError where there is no row, too many columns, or two of one name.
 */
export function tableFromCsv(bytes: Uint8Array, where: string, header?: boolean): Table {
  const lines = csvLines(bytes, where);
  const ahead: Line[] = [];
  for (let line = lines.next(); !line.done; line = lines.next()) if (ahead.push(line.value) > LOOKED_AT) break;
  const [first, ...next] = ahead;
  checkColumnCount(first.cells.length, where);
  const named = header ?? namesColumns(first.cells, next);
  const names = named ? first.cells.map((cell) => cell.trim()) : first.cells.map((_, i) => String(i));
  const [twice] = repeats(names);
  if (twice !== undefined) throw new DataError({ what: `Two columns are called "${twice}"`, where, fix: 'Give each a name of its own' });
  const builders = names.map((name) => new ColumnBuilder(name, where));
  const add = ({ cells }: Line) => {
    for (const [i, builder] of builders.entries()) builder.add(cells[i]);
  };
  for (const line of named ? next : ahead) add(line);
  for (const line of lines) add(line);
  const { rows } = builders[0];
  if (rows === 0) throw new DataError({ what: 'The table has a header and no rows', where });
  return { where, rows, columns: builders.map((builder) => builder.finish()), named };
}

/**
 * Text above a column of numbers is a name. Without numbers it takes names that are usual, or that do not occur in the columns under them, which values of
 * categories and labels do.
 */
function namesColumns(first: readonly string[], next: readonly Line[]): boolean {
  if (next.length === 0 || first.some((cell) => isNumber(cell))) return false;
  const [{ cells: second }] = next;
  if (first.some((cell, i) => !MISSING.test(cell) && isNumber(second[i]))) return true;
  if (first.some((cell) => MISSING.test(cell)) || new Set(first).size < first.length) return false;
  if (first.some((cell) => LABEL_NAMES.includes(cell.trim().toLowerCase()))) return true;
  return first.every((cell, i) => cell.length <= 40 && next.every(({ cells }) => cells[i] !== cell));
}
