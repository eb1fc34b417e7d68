import type { Serving } from '../../../infrastructure/hardware/index.js';
import { servingTableOf } from '../../info/index.js';
import { type Column, table } from './table.js';
import { painter, type TerminalOptions } from './text.js';

/** How a model serves, a line for each number of requests, for the terminal. */
export function servingTable(serving: readonly Serving[], { width = 100, color = false }: TerminalOptions = {}): string {
  const { headings, rows } = servingTableOf(serving);
  const columns = headings.map((heading, place): Column<readonly string[]> => ({ heading, align: 'right', text: (row) => row[place] }));
  return table(columns, rows, width, painter(color)).join('\n');
}
