import type { HardwareEstimate } from '../../../infrastructure/hardware/index.js';
import {
  type EstimateRow,
  estimateRows,
  estimateTotals,
  estimateWarnings,
  formatBytes,
  formatCount,
  formatEnergy,
  formatMs,
  formatShare,
  plural,
} from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText, warningBlocks } from './blocks.js';
import { type Column, table } from './table.js';
import { bar, padded, painter, type TerminalOptions, wrapped } from './text.js';

export interface EstimateTableOptions extends TerminalOptions {
  /** What the model is called. */
  name?: string;
  /** How many layers are listed, the longest first. Default 30. */
  layers?: number;
}

/** What a model costs on some hardware, and which layers take the time, for the terminal. */
export function estimateTable(
  estimate: HardwareEstimate,
  { width = 100, color = false, name, layers = 30 }: EstimateTableOptions = {},
): string {
  const paint = painter(color);
  const rows = estimateRows(estimate);
  const hidden = rows.length - layers;
  return blocksText([
    ...warningBlocks(estimateWarnings(estimate), 'warning', width, paint),
    name === undefined ? [] : [paint(plain(name), 'bold')],
    estimateTotals(estimate).flatMap(([label, text]) =>
      wrapped(plain(text), Math.max(20, width - 14)).map((line, index) => `${paint(padded(index === 0 ? label : '', 14), 'dim')}${line}`),
    ),
    [
      ...table(columns, rows.slice(0, layers), width, paint),
      ...(hidden > 0 ? [paint(`… and ${plural(hidden, 'layer')} that take${hidden === 1 ? 's' : ''} less`, 'dim')] : []),
    ],
  ]);
}

const columns: Column<EstimateRow>[] = [
  { heading: 'layer', text: ({ name }) => plain(name), shrink: { least: 18, where: 'middle' } },
  { heading: 'operator', text: ({ op }) => plain(op), drop: 1 },
  { heading: 'time', align: 'right', text: ({ milliseconds }) => formatMs(milliseconds) },
  { heading: 'of all', align: 'right', text: ({ share }) => formatShare(share) },
  { heading: '', text: ({ share }) => bar(share, 10), style: () => 'green', drop: 5 },
  { heading: 'bound by', text: ({ bound }) => bound },
  { heading: 'cycles', align: 'right', text: ({ cycles }) => (cycles === undefined ? '' : formatCount(cycles)), drop: 2 },
  {
    heading: 'units used',
    align: 'right',
    text: ({ utilisation }) => (utilisation === undefined ? '' : formatShare(utilisation)),
    drop: 3,
  },
  { heading: 'energy', align: 'right', text: ({ millijoules: mj }) => (mj === undefined ? '' : formatEnergy(1000 * mj)), drop: 3 },
  { heading: 'DRAM', align: 'right', text: ({ dramBytes }) => (dramBytes === undefined ? '' : formatBytes(dramBytes)), drop: 4 },
];
