import type { KernelSummary, ProgramSummary } from '../../../infrastructure/codegen/index.js';
import { formatBytes, formatCount, nodesOfKernel, operatorsOf, programTotals } from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText } from './blocks.js';
import { type Column, table } from './table.js';
import { bar, padded, painter, type TerminalOptions } from './text.js';

/** What a compiled model needs and where, for the terminal. */
export function programTable(
  summary: ProgramSummary,
  { width = 100, color = false, name }: TerminalOptions & { name?: string } = {},
): string {
  const paint = painter(color);
  const most = Math.max(1, ...summary.kernels.map(({ arenaBytes }) => arenaBytes));
  const columns: Column<KernelSummary>[] = [
    { heading: 'kernel', text: (kernel) => plain(nodesOfKernel(kernel)), shrink: { least: 18, where: 'middle' } },
    { heading: 'operators', text: (kernel) => plain(operatorsOf(kernel)), shrink: { least: 10 }, drop: 2 },
    { heading: 'MACs', align: 'right', text: ({ macs }) => formatCount(macs), drop: 3 },
    { heading: 'flash', align: 'right', text: ({ constantBytes }) => formatBytes(constantBytes) },
    { heading: 'RAM', align: 'right', text: ({ arenaBytes }) => formatBytes(arenaBytes) },
    {
      heading: '',
      text: ({ arenaBytes }) => bar(arenaBytes / most, 16),
      style: ({ arenaBytes }) => (arenaBytes === most ? 'yellow' : 'green'),
      drop: 1,
    },
  ];
  return blocksText([
    name === undefined ? [] : [paint(plain(name), 'bold')],
    programTotals(summary).map(([label, text]) => `${paint(padded(label, 18), 'dim')}${plain(text)}`),
    table(columns, summary.kernels, width, paint),
  ]);
}
