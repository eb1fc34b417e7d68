import { DataError } from '../../../base/index.js';
import { listed } from '../labels.js';
import { type Column, ColumnBuilder, type Table } from './column.js';

/** Tables of the same columns one under the other. @throws DataError where their columns differ. */
export function joinTables(tables: readonly Table[]): Table {
  const [first, ...others] = tables;
  if (others.length === 0) return first;
  for (const { columns, where } of others) {
    if (columns.map(({ name }) => name).join('\0') === first.columns.map(({ name }) => name).join('\0')) continue;
    const names = (of: Table['columns']) => listed(of.map(({ name }) => name));
    throw new DataError({ what: 'The pieces of a table have other columns', where, expected: names(first.columns), got: names(columns) });
  }
  const columns = first.columns.map((_, place) =>
    joinColumns(
      tables.map((table) => table.columns[place]),
      first.where,
    ),
  );
  return { ...first, rows: tables.reduce((sum, { rows }) => sum + rows, 0), columns };
}

function joinColumns(pieces: readonly Column[], where: string): Column {
  const builder = new ColumnBuilder(pieces[0].name, where);
  for (const piece of pieces) {
    if (piece.kind === 'refused') return piece;
    if (piece.kind === 'texts') for (const code of piece.codes) builder.add(code < 0 ? null : piece.texts[code]);
    else for (const value of piece.values) builder.add(value);
  }
  return builder.finish();
}
