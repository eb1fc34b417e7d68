import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

export interface Column<T> {
  readonly key: string;
  readonly label: string;
  readonly cell: (row: T) => ComponentChildren;
  /** What rows are sorted by; without, the column does not sort. */
  readonly sort?: (row: T) => number | string | undefined;
  /** 'name' is the row's heading, on the left and as wide as there is room. */
  readonly kind?: 'name' | 'left';
  /** Left out on narrow screens. */
  readonly wide?: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  readonly isSelected?: (row: T) => boolean;
  readonly classOf?: (row: T) => string | undefined;
  /** What is said where there is no row. */
  readonly empty: string;
}

/** Rows that are drawn at a time, and pixels of each: of thousands only those that are seen are in the page. */
const [WINDOW, ROW] = [60, 34];

interface Sorting {
  readonly key: string;
  readonly down: boolean;
}

/** A table whose rows can be sorted and be many. */
export function Table<T>({ label, columns, rows, keyOf, isSelected, classOf, empty }: TableProps<T>) {
  const [sorting, setSorting] = useState<Sorting | undefined>();
  const [top, setTop] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => sortedRows(rows, columns, sorting), [rows, columns, sorting]);
  const isLong = sorted.length > WINDOW;
  const first = isLong ? Math.min(Math.max(0, Math.floor(top / ROW) - 20), sorted.length - WINDOW) : 0;
  const seen = isLong ? sorted.slice(first, first + WINDOW) : sorted;
  if (rows.length === 0) return <p class="quiet empty">{empty}</p>;
  const sortBy = (key: string) => setSorting((was) => ({ key, down: was?.key === key ? !was.down : false }));
  return (
    <section
      ref={place}
      class={isLong ? 'scroll long' : 'scroll'}
      tabIndex={isLong ? 0 : undefined}
      aria-label={isLong ? label : undefined}
      onScroll={isLong ? () => setTop(place.current?.scrollTop ?? 0) : undefined}
    >
      <table aria-label={label} aria-rowcount={isLong ? sorted.length + 1 : undefined}>
        <thead>
          <tr aria-rowindex={isLong ? 1 : undefined}>
            {columns.map((column) => (
              <Heading key={column.key} column={column} sorting={sorting} onSort={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Gap height={first * ROW} columns={columns.length} />}
          {seen.map((row, index) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={isLong ? first + index + 2 : undefined}
              class={[isSelected?.(row) ? 'selected' : '', classOf?.(row) ?? ''].join(' ').trim() || undefined}
            >
              {columns.map((column) => (
                <Cell key={column.key} column={column} row={row} />
              ))}
            </tr>
          ))}
          {isLong && first + WINDOW < sorted.length && <Gap height={(sorted.length - first - WINDOW) * ROW} columns={columns.length} />}
        </tbody>
      </table>
    </section>
  );
}

function Heading<T>({ column, sorting, onSort }: { column: Column<T>; sorting: Sorting | undefined; onSort: (key: string) => void }) {
  const { key, label, sort } = column;
  const direction = sorting?.key === key ? (sorting.down ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" class={classOfColumn(column)} aria-sort={sort ? direction : undefined}>
      {sort ? (
        <button type="button" class="sort" onClick={() => onSort(key)}>
          {label}
        </button>
      ) : (
        label
      )}
    </th>
  );
}

function Cell<T>({ column, row }: { column: Column<T>; row: T }) {
  if (column.kind === 'name')
    return (
      <th scope="row" class={classOfColumn(column)}>
        {column.cell(row)}
      </th>
    );
  return <td class={classOfColumn(column)}>{column.cell(row)}</td>;
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr class="gap">
      <td aria-hidden="true" colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}

function classOfColumn<T>({ kind, wide }: Column<T>): string | undefined {
  return [kind === 'name' ? 'name' : '', kind ? 'left' : '', wide ? 'wide-only' : ''].join(' ').trim() || undefined;
}

/** What has no value stands at the end, whichever way the others are sorted. */
function sortedRows<T>(rows: readonly T[], columns: readonly Column<T>[], sorting: Sorting | undefined): readonly T[] {
  const sort = columns.find(({ key }) => key === sorting?.key)?.sort;
  if (!sorting || !sort) return rows;
  const sign = sorting.down ? -1 : 1;
  return rows
    .map((row) => ({ row, value: sort(row) }))
    .sort((a, b) => {
      if (a.value === undefined || b.value === undefined) return Number(a.value === undefined) - Number(b.value === undefined);
      if (typeof a.value === 'string' || typeof b.value === 'string') return sign * String(a.value).localeCompare(String(b.value));
      return sign * (a.value - b.value);
    })
    .map(({ row }) => row);
}
