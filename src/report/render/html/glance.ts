import type { ModelInfo } from '../../../strategies/index.js';
import {
  compareCosts,
  deviceMeasures,
  evaluateCommand,
  type FrontRow,
  formatChange,
  formatInterval,
  formatQuality,
  metricName,
  type ReportInfo,
  ratioInWords,
  recipeSteps,
} from '../../info/index.js';
import { element, type Markup } from '../markup.js';
import { warningList } from './page.js';
import { badge } from './table.js';

/** The first sight of a model: warnings, the figures that matter, the recipe. */
export function glance(model: ModelInfo, row: FrontRow, info: ReportInfo): Markup {
  const where = { baseline: 'The original', front: `Number ${row.rank} of the front`, other: 'Not on the front' }[row.role];
  return element(
    'section',
    { class: 'glance panel', 'aria-label': `${model.label} at a glance` },
    element(
      'header',
      {},
      badge(row),
      element('div', {}, element('h2', {}, model.label), element('p', { class: 'quiet' }, `${where} · ${model.id}`)),
    ),
    warningList(row.warnings),
    tiles(model, row, info),
    recipe(model),
    actions(model),
  );
}

function tiles(model: ModelInfo, row: FrontRow, info: ReportInfo): Markup {
  const { before, after, change, loss, split } = row.quality;
  const { metric, samples } = after;
  const isBaseline = row.role === 'baseline';
  const against = isBaseline ? [] : [formatChange(metric, change, before)];
  const interval = after.interval ? [formatInterval(metric, after.interval, samples)] : [];
  const lost = (loss ?? 0) > 1;
  const costs = compareCosts(model, info.baseline, deviceMeasures(info)).filter(
    ({ measure, after: value }) => value !== undefined && measure.name !== 'parameters',
  );
  return element(
    'dl',
    { class: 'tiles' },
    tile(
      `${metricName(metric)} (${split})`,
      formatQuality(metric, after.value, samples),
      [...against, ...interval].join(' · '),
      isBaseline || change === undefined ? undefined : lost ? 'bad' : (loss ?? 0) < 0 ? 'good' : undefined,
    ),
    costs.map((comparison) => {
      const { measure, ratio, after: value } = comparison;
      const words = isBaseline ? '' : (ratioInWords(comparison) ?? (ratio === undefined ? '' : 'as before'));
      return tile(
        measure.label,
        measure.format(value),
        words,
        ratio === undefined ? undefined : ratio > 1.05 ? 'good' : ratio < 0.95 ? 'bad' : undefined,
      );
    }),
  );
}

function tile(name: string, value: string, small: string, tone: string | undefined): Markup {
  return element('div', { class: 'tile' }, element('dt', {}, name), element('dd', {}, value, element('small', { class: tone }, small)));
}

function recipe({ recipe: steps, seed }: ModelInfo): Markup {
  if (steps.length === 0) return element('p', { class: 'quiet' }, 'Nothing was done to it: all others are compared with it.');
  const items = recipeSteps(steps).map(({ technique, options }) =>
    element(
      'li',
      {},
      element('strong', {}, technique),
      options.length > 0 ? element('span', { class: 'quiet' }, options.map(({ name, value }) => `${name} ${value}`).join(', ')) : undefined,
    ),
  );
  return element('div', {}, element('h3', {}, `Recipe (seed ${seed})`), element('ol', { class: 'steps' }, items));
}

function actions(model: ModelInfo): Markup {
  const json = JSON.stringify({ recipe: model.recipe, seed: model.seed }, null, 2);
  const copy = (what: string, value: string) =>
    element('button', { type: 'button', class: 'js-only', 'data-copy': value, title: value }, what);
  return element(
    'div',
    { class: 'actions' },
    copy('Copy recipe as JSON', json),
    copy('Copy command to measure it', evaluateCommand(model)),
    link(model.file, 'ONNX file'),
    (model.footprint.compiled?.files ?? []).map((file) => link(file, `Code: .${file.split('.').slice(1).join('.')}`)),
    model.card === undefined ? undefined : link(model.card, 'Card'),
  );
}

function link(file: string, text: string): Markup | undefined {
  const path = relativeLink(file);
  return path === undefined ? undefined : element('a', { href: path }, text);
}

/** A link to a file beside the report; undefined for anything that could lead elsewhere. */
function relativeLink(file: string): string | undefined {
  const parts = file.split('/');
  const isSafe = parts.every((part) => part !== '' && part !== '..' && !/[\\:]/.test(part));
  return isSafe ? `./${parts.map(encodeURIComponent).join('/')}` : undefined;
}
