import type { Footprint } from '../../../infrastructure/hardware/index.js';
import {
  type CostShare,
  formatBytes,
  formatCount,
  type InspectInfo,
  type InspectLayer,
  inspectInfo,
  inspectTotals,
} from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { dataTable } from './data-table.js';
import { meter } from './meter.js';
import { facts, page, panel, warningList } from './page.js';

/** What a model costs and where, as one page without scripts. */
export function inspectHtml(footprint: Footprint, name: string): string {
  const info = inspectInfo(footprint);
  const content = fragment(
    element('header', {}, element('p', { class: 'brand' }, 'Espalier inspect'), element('h1', {}, name), warnings(info)),
    element('div', { class: 'grid' }, panel('Totals', facts(inspectTotals(info))), panel('Where the cost is', operators(info.operators))),
    element('section', { class: 'panel run' }, element('h3', {}, 'Layers, the costliest first'), layerTable(info.layers)),
  );
  return page({ title: `${plain(name)}: Espalier inspect`, content });
}

function warnings({ warnings: found }: InspectInfo): Markup | undefined {
  if (found.length <= 5) return warningList(found);
  const rest = element(
    'details',
    { class: 'run' },
    element('summary', {}, `${found.length - 5} more gaps like these`),
    warningList(found.slice(5)),
  );
  return fragment(warningList(found.slice(0, 5)), rest);
}

function operators(shares: readonly CostShare[]): Markup {
  const rows = shares.map((share) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, share.name),
      element('td', {}, share.layers),
      element('td', {}, share.uncounted > 0 ? `at least ${formatCount(share.macs)}` : formatCount(share.macs)),
      element('td', {}, meter(share.macsShare, 'after')),
      element('td', {}, formatBytes(share.weightBytes)),
      element('td', {}, meter(share.weightShare, 'before')),
    ),
  );
  return dataTable(['Operator', 'Count', 'MACs', '', 'Weights', ''], rows);
}

/** Most layers that the page lists. */
const MOST_LAYERS = 1000;

function layerTable(layers: readonly InspectLayer[]): Markup {
  const hidden = layers.length - MOST_LAYERS;
  const rows = layers
    .slice(0, MOST_LAYERS)
    .map((layer) =>
      element(
        'tr',
        { class: layer.alternative ? 'other' : undefined },
        element(
          'th',
          { scope: 'row', class: 'name left' },
          layer.name,
          layer.alternative ? element('small', {}, ' (other branch, not counted)') : undefined,
        ),
        element('td', { class: 'left' }, layer.op),
        element('td', {}, layer.output),
        element('td', {}, layer.dtype ?? ''),
        element('td', {}, formatCount(layer.parameters)),
        element('td', {}, formatBytes(layer.weightBytes)),
        element('td', {}, layer.macs === undefined ? '?' : formatCount(layer.macs)),
        element('td', {}, meter(layer.macsShare, 'after')),
        element('td', {}, formatBytes(layer.activationBytes)),
      ),
    );
  return fragment(
    dataTable(['Layer', 'Operator', 'Output', 'Type', 'Parameters', 'Weights', 'MACs', '', 'Activations'], rows),
    hidden > 0 ? element('p', { class: 'quiet' }, `${hidden} layers that cost less are not listed.`) : undefined,
  );
}
