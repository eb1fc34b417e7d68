import type { Footprint } from '../../../infrastructure/hardware/index.js';
import {
  type CostShare,
  formatBytes,
  formatCount,
  formatShare,
  type InspectInfo,
  type InspectLayer,
  inspectInfo,
  inspectTotals,
} from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
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
      element(
        'td',
        {},
        share.uncounted > 0 ? `at least ${formatCount(share.macs)}` : formatCount(share.macs),
        meter(share.macsShare, 'after'),
      ),
      element('td', {}, formatBytes(share.weightBytes), meter(share.weightShare, 'before')),
    ),
  );
  return dataTable(['Operator', 'Count', 'MACs', 'Weights'], rows);
}

function layerTable(layers: readonly InspectLayer[]): Markup {
  const rows = layers.map((layer) =>
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
      element('td', {}, layer.macs === undefined ? '?' : formatCount(layer.macs), meter(layer.macsShare, 'after')),
      element('td', {}, formatBytes(layer.activationBytes)),
    ),
  );
  return dataTable(['Layer', 'Operator', 'Output', 'Type', 'Parameters', 'Weights', 'MACs', 'Activations'], rows);
}

function dataTable(headings: readonly string[], rows: readonly Markup[]): Markup {
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': headings[0] },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          headings.map((heading) => element('th', { scope: 'col', class: heading === 'Operator' ? 'left' : undefined }, heading)),
        ),
      ),
      element('tbody', {}, rows),
    ),
  );
}

/** A share as a bar and a figure. */
function meter(share: number, kind: string): Markup {
  return element(
    'div',
    { class: `track meter ${kind}` },
    element('i', { style: `width:${(share * 70).toFixed(1)}px` }),
    element('span', {}, formatShare(share)),
  );
}
