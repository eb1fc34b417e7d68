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
} from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { dataTable } from './data-table.js';
import { meter } from './meter.js';
import { facts, page, panel, warningList } from './page.js';

/** Most layers that the page lists. */
const MOST_LAYERS = 1000;

/** What a model costs on some hardware, and which layers take the time, as one page without scripts. */
export function estimateHtml(estimate: HardwareEstimate, name: string): string {
  const rows = estimateRows(estimate);
  const hidden = rows.length - MOST_LAYERS;
  const content = fragment(
    element('header', {}, element('p', { class: 'brand' }, 'Espalier estimate'), element('h1', {}, name)),
    warningList(estimateWarnings(estimate)),
    panel(`Estimated, not measured: ${plain(estimate.title)}`, facts(estimateTotals(estimate))),
    element(
      'section',
      { class: 'panel run' },
      element('h3', {}, 'Layers, the longest first'),
      layerTable(rows.slice(0, MOST_LAYERS)),
      hidden > 0 ? element('p', { class: 'quiet' }, `${hidden} layers that take less are not listed.`) : undefined,
    ),
  );
  return page({ title: `${plain(name)}: Espalier estimate`, content });
}

/** Headings, and what stands below them; a column in which nothing stands is left out. */
const columns: readonly [string, (row: EstimateRow) => string | Markup | undefined][] = [
  ['Operator', ({ op }) => op],
  ['Time', ({ milliseconds }) => formatMs(milliseconds)],
  ['', ({ share }) => meter(share, 'after')],
  ['Bound by', ({ bound }) => bound],
  ['Cycles', ({ cycles }) => written(cycles, formatCount)],
  ['Units used', ({ utilisation }) => written(utilisation, formatShare)],
  ['Energy', ({ millijoules }) => written(millijoules, (value) => formatEnergy(1000 * value))],
  ['DRAM', ({ dramBytes }) => written(dramBytes, formatBytes)],
];

/** Headings of columns of texts. */
const LEFT = new Set(['Layer', 'Operator', 'Bound by']);

function written(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

function layerTable(rows: readonly EstimateRow[]): Markup {
  const shown = columns.filter(([, text]) => rows.some((row) => text(row) !== undefined));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'name left' }, row.name),
      ...shown.map(([heading, text]) => element('td', { class: LEFT.has(heading) ? 'left' : undefined }, text(row))),
    ),
  );
  return dataTable(['Layer', ...shown.map(([heading]) => heading)], body, LEFT);
}
