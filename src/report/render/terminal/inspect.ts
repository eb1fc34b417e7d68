import type { Footprint } from '../../../infrastructure/hardware/index.js';
import {
  formatBytes,
  formatCount,
  formatShare,
  type InspectInfo,
  type InspectLayer,
  inspectInfo,
  inspectTotals,
  plural,
} from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText, warningBlocks } from './blocks.js';
import { type Column, table } from './table.js';
import { bar, padded, painter, type TerminalOptions } from './text.js';

export interface InspectTableOptions extends TerminalOptions {
  /** What the model is called. */
  name?: string;
  /** How many layers are listed, the costliest first. Default 30. */
  layers?: number;
}

/** What a model costs and where, for the terminal. */
export function inspectTable(footprint: Footprint, { width = 100, color = false, name, layers = 30 }: InspectTableOptions = {}): string {
  const paint = painter(color);
  const info = inspectInfo(footprint);
  const listed = info.layers.slice(0, layers);
  const hidden = info.layers.length - listed.length;
  return blocksText([
    ...warningBlocks(info.warnings, 'gap', width, paint),
    name === undefined ? [] : [paint(plain(name), 'bold')],
    inspectTotals(info).map(([label, text]) => `${paint(padded(label, 18), 'dim')}${plain(text)}`),
    table(operatorColumns, info.operators.slice(0, 12), width, paint),
    [
      ...table(layerColumns, listed, width, paint),
      ...(hidden > 0 ? [paint(`… and ${plural(hidden, 'layer')} that cost${hidden === 1 ? 's' : ''} less`, 'dim')] : []),
    ],
  ]);
}

/** Multiply-accumulates of an operator type: "?" where none of its layers can be counted, "1.2 M+" where some cannot. */
function countText({ macs, uncounted, layers }: InspectInfo['operators'][number]): string {
  if (uncounted === layers) return '?';
  return formatCount(macs) + (uncounted > 0 ? '+' : '');
}

const operatorColumns: Column<InspectInfo['operators'][number]>[] = [
  { heading: 'operator', text: ({ name }) => plain(name), shrink: { least: 10 } },
  { heading: 'count', align: 'right', text: ({ layers }) => String(layers) },
  { heading: 'MACs', align: 'right', text: countText },
  { heading: 'of all', align: 'right', text: ({ macsShare }) => formatShare(macsShare) },
  { heading: '', text: ({ macsShare }) => bar(macsShare, 16), style: () => 'green', drop: 2 },
  { heading: 'weights', align: 'right', text: ({ weightBytes }) => formatBytes(weightBytes) },
  { heading: 'of all', align: 'right', text: ({ weightShare }) => formatShare(weightShare) },
  { heading: '', text: ({ weightShare }) => bar(weightShare, 16), style: () => 'cyan', drop: 1 },
];

const layerColumns: Column<InspectLayer>[] = [
  {
    heading: 'costliest layers',
    text: ({ name, alternative }) => plain(name) + (alternative ? ' (other branch)' : ''),
    shrink: { least: 18, where: 'middle' },
  },
  { heading: 'operator', text: ({ op }) => plain(op), drop: 1 },
  { heading: 'output', text: ({ output }) => plain(output), drop: 3 },
  { heading: 'type', text: ({ dtype }) => dtype ?? '', drop: 5 },
  { heading: 'parameters', align: 'right', text: ({ parameters }) => formatCount(parameters), drop: 4 },
  { heading: 'weights', align: 'right', text: ({ weightBytes }) => formatBytes(weightBytes) },
  { heading: 'MACs', align: 'right', text: ({ macs }) => formatCount(macs) },
  { heading: 'of all', align: 'right', text: ({ macsShare }) => formatShare(macsShare) },
  { heading: '', text: ({ macsShare }) => bar(macsShare, 10), style: () => 'green', drop: 2 },
];
