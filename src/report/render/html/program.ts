import type { ProgramSummary } from '../../../infrastructure/codegen/index.js';
import { formatBytes, formatCount, nodesOfKernel, operatorsOf, programTotals } from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { memorySvg } from '../svg/index.js';
import { dataTable } from './data-table.js';
import { facts, page, panel } from './page.js';

/** What a compiled model needs and where, as one page without scripts. */
export function programHtml(summary: ProgramSummary, name: string): string {
  const content = fragment(
    element('header', {}, element('p', { class: 'brand' }, 'Espalier plan'), element('h1', {}, name)),
    panel('Totals', facts(programTotals(summary))),
    panel('Memory', element('div', { class: 'scroll' }, { markup: memorySvg(summary, { standalone: false }) })),
    element('section', { class: 'panel run' }, element('h3', {}, 'Kernels in the order in which they run'), kernelTable(summary)),
  );
  return page({ title: `${plain(name)}: Espalier plan`, content });
}

function kernelTable({ kernels }: ProgramSummary): Markup {
  const headings = ['Nodes', 'Operators', 'MACs', 'Flash', 'RAM'];
  const rows = kernels.map((kernel) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, nodesOfKernel(kernel)),
      element('td', { class: 'left' }, operatorsOf(kernel)),
      element('td', {}, formatCount(kernel.macs)),
      element('td', {}, formatBytes(kernel.constantBytes)),
      element('td', {}, formatBytes(kernel.arenaBytes)),
    ),
  );
  return dataTable(headings, rows, new Set(['Nodes', 'Operators']));
}
