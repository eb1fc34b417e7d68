import { displayWidth, type Painter, padded, type Style, shortened } from './text.js';

export interface Column<Row> {
  heading: string;
  align?: 'left' | 'right';
  text(row: Row): string;
  style?(row: Row): Style | undefined;
  /** Columns with higher numbers go first where the table is too wide; 0 stays. Default 0. */
  drop?: number;
  /** May be shortened to so many columns rather than leave out another column. Where: the end by default. */
  shrink?: { least: number; where?: 'end' | 'middle' };
}

/**
 * A table with aligned columns, two spaces between them and a rule under the headings. One too wide shortens the columns that may be; where that
 * does not do, it leaves columns out, the least important first.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number, paint: Painter): string[] {
  const full = columns
    .filter((column) => column.drop === undefined || column.drop === 0 || rows.some((row) => !/^-?$/.test(column.text(row))))
    .map((column) => ({
      column,
      width: rows.reduce((most, row) => Math.max(most, displayWidth(column.text(row))), displayWidth(column.heading)),
    }));
  const fitted = fit(full, width);
  const line = (cell: (column: Column<Row>, width: number) => string) =>
    fitted
      .map(({ column, width }) => cell(column, width))
      .join('  ')
      .trimEnd();
  const heading = line((column, width) => padded(shortened(column.heading, width), width, column.align));
  return [
    paint(heading, 'bold'),
    paint('─'.repeat(fitted.reduce((sum, { width }) => sum + width, 2 * (fitted.length - 1))), 'dim'),
    ...rows.map((row) =>
      line((column, width) => {
        const text = padded(shortened(column.text(row), width, column.shrink?.where), width, column.align);
        return paint(text, column.style?.(row));
      }),
    ),
  ];
}

/** To what a column is shortened when nothing else helps. */
const NARROWEST = 8;

interface Fitted<Row> {
  column: Column<Row>;
  width: number;
}

function fit<Row>(columns: readonly Fitted<Row>[], width: number): Fitted<Row>[] {
  let left = [...columns];
  const excess = () => left.reduce((sum, each) => sum + each.width, 2 * (left.length - 1)) - width;
  const shrink = (least: (column: Column<Row>) => number) => {
    left = left.map((each) => {
      if (!each.column.shrink) return each;
      return { ...each, width: Math.max(Math.min(each.width, least(each.column)), each.width - Math.max(0, excess())) };
    });
  };
  const spare = () => left.reduce((sum, each) => sum + Math.max(0, each.width - (each.column.shrink?.least ?? each.width)), 0);
  for (;;) {
    const last = Math.max(...left.map(({ column }) => column.drop ?? 0));
    if (excess() <= spare() || last === 0) break;
    left = left.filter(({ column }) => (column.drop ?? 0) < last);
  }
  shrink(({ shrink: limit }) => limit?.least ?? 0);
  shrink(() => NARROWEST);
  return left;
}
