import { useState } from 'preact/hooks';
import { type Column, Table } from './table.js';

export interface FiguresProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string | number;
}

/** The figures behind a chart, for those who rather read them: drawn when they are asked for. */
export function Figures<T>({ label, rows, columns, keyOf }: FiguresProps<T>) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="figures-of" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && <Table label={`Figures: ${label}`} rows={rows} columns={columns} keyOf={keyOf} empty="Nothing yet." />}
    </details>
  );
}
