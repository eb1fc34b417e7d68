import type { ChangedSample, ClassChanges, DiffInfo, LayerCause } from '../../../diagnosis/index.js';
import { diffSummary, shareText, significant } from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { confusionTable } from './confusion.js';
import { page, panel } from './page.js';

/** What two models answer differently and which layers are behind it, as one page without scripts. */
export function diffHtml(info: DiffInfo): string {
  const { models, quality, classes, layers, layersNote } = info;
  const [first, ...sentences] = diffSummary(info);
  const moved = classes.filter(({ lost, gained, other }) => lost + gained + other > 0);
  const confusions = [quality.before, quality.after].map(({ confusion }, index) =>
    confusion ? panel(index === 0 ? models.before : models.after, confusionTable(confusion, classNames(info))) : undefined,
  );
  const content = fragment(
    element(
      'header',
      {},
      element('p', { class: 'brand' }, 'Espalier diff'),
      element('h1', {}, `${models.before} and ${models.after}`),
      element('p', { class: 'lead' }, first),
      sentences.map((sentence) => element('p', {}, sentence)),
    ),
    panel('Samples, the worst first', samples(info)),
    moved.length > 0 ? panel('Classes', classTable(moved)) : undefined,
    panel('Layers', layers.length > 0 ? layerTable(layers) : undefined, element('p', { class: 'quiet' }, layersNote)),
    element('div', { class: 'grid' }, confusions),
  );
  return page({ title: `${plain(models.before)} and ${plain(models.after)}: Espalier diff`, content });
}

/** Names of the classes in the order of the confusion matrix, where every class has samples; else their numbers stand there. */
function classNames({ classes, quality }: DiffInfo): readonly string[] {
  const width = quality.before.confusion?.length ?? 0;
  return classes.length === width && classes.every(({ name }) => /^\d+$/.test(name)) ? classes.map((_, i) => String(i)) : [];
}

function samples({ worst, changed }: DiffInfo): Markup {
  if (changed === undefined) return element('p', {}, 'Samples are compared together, not one by one.');
  if (worst.length === 0) return element('p', {}, 'No sample is answered differently.');
  const hidden = changed - worst.length;
  return fragment(
    element('div', { class: 'samples' }, worst.map(sample)),
    hidden > 0 ? element('p', { class: 'quiet' }, `${hidden} more; --most shows them.`) : undefined,
  );
}

const WORDS = { lost: 'was right', gained: 'was wrong', other: 'changed' };

function sample({ index, shown, target, before, after, kind }: ChangedSample): Markup {
  return element(
    'figure',
    { class: 'sample' },
    shown.picture ? element('img', { src: shown.picture, alt: shown.text }) : element('blockquote', {}, shown.text),
    element(
      'figcaption',
      {},
      element('strong', {}, target === undefined ? `sample ${index}` : target),
      element('div', {}, `${before} → ${after}`),
      element('div', { class: kind === 'lost' ? 'bad' : kind === 'gained' ? 'good' : 'quiet' }, `${WORDS[kind]}, sample ${index}`),
    ),
  );
}

function classTable(classes: readonly ClassChanges[]): Markup {
  const rows = classes.map(({ name, samples: count, lost, gained, other }) => [name, count, lost, gained, other]);
  return dataTable(['Class', 'Samples', 'Lost', 'Gained', 'Other'], rows);
}

function layerTable(layers: readonly LayerCause[]): Markup {
  const rows = layers.map(({ value, op, samples: count, share, error }) => [
    value,
    op,
    count ?? '–',
    shareText(share),
    significant(error, 2),
  ]);
  return dataTable(['Layer', 'Operator', 'Samples that change by it alone', 'Of the whole change', 'Own error'], rows);
}

function dataTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): Markup {
  const head = element(
    'tr',
    {},
    headings.map((heading, i) => element('th', { scope: 'col', class: i === 0 ? 'left' : undefined }, heading)),
  );
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      cells.map((cell, i) => element(i === 0 ? 'th' : 'td', i === 0 ? { scope: 'row', class: 'name left' } : {}, cell)),
    ),
  );
  return element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, head), element('tbody', {}, body)));
}
