import { displayWidth, type Painter, padded, type Style, shortened } from './text.js';

export interface Column<Row> {
  heading: string;
  align?: 'left' | 'right';
  text(row: Row): string;
  style?(row: Row): Style | undefined;
  /** Columns with higher numbers go first where the table is too wide; 0 stays. Default 0. */
  drop?: number;
  /** May be shortened to so many columns, before and after others are left out. Where: the end by default. */
  shrink?: { least: number; where?: 'end' | 'middle' };
}

/**
 * A table with aligned columns, two spaces between them and a rule under the headings. One too wide first shortens the columns that may be,
 * then leaves columns out, the least important first.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number, paint: Painter): string[] {
  const full = columns
    .filter((column) => column.drop === undefined || column.drop === 0 || rows.some((row) => !/^-?$/.test(column.text(row))))
    .map((column) => ({ column, width: Math.max(displayWidth(column.heading), ...rows.map((row) => displayWidth(column.text(row)))) }));
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

interface Fitted<Row> {
  column: Column<Row>;
  width: number;
}

function fit<Row>(columns: readonly Fitted<Row>[], width: number): Fitted<Row>[] {
  let left = [...columns];
  for (;;) {
    const excess = left.reduce((sum, each) => sum + each.width, 2 * (left.length - 1)) - width;
    if (excess <= 0) return left;
    const shrinkable = left.find(({ column, width: own }) => column.shrink && own > column.shrink.least);
    const spare = shrinkable ? shrinkable.width - (shrinkable.column.shrink?.least ?? 0) : 0;
    const last = Math.max(...left.map(({ column }) => column.drop ?? 0));
    if (spare < excess && last > 0) {
      left = left.filter(({ column }) => (column.drop ?? 0) < last);
    } else if (shrinkable) {
      return left.map((each) => (each === shrinkable ? { ...each, width: each.width - Math.min(excess, spare) } : each));
    } else return left;
  }
}
