import type { ModelInfo, QualityInfo, RunInfo } from '../../../strategies/index.js';
import {
  compareCosts,
  finite,
  formatAgreement,
  formatChange,
  formatCount,
  formatEnergy,
  formatInterval,
  formatQuality,
  layerBars,
  layersOf,
  metricName,
  pairLayers,
  plural,
  qualityChange,
  ratioInWords,
  sensitivityList,
  servingConditions,
  servingTableOf,
  significant,
  trainingCurves,
} from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { layersSvg, sensitivitySvg, trainingSvg } from '../svg/index.js';
import { confusionTable } from './confusion.js';
import { dataTable } from './data-table.js';
import { facts, panel } from './page.js';

const INLINE = { standalone: false };

/** Everything that a card holds, beside the original. */
export function details(model: ModelInfo, info: RunInfo): Markup {
  return element(
    'section',
    { class: 'details', 'aria-label': `${model.label} in detail` },
    element('h2', {}, model === info.baseline ? 'The original in detail' : `In detail: ${model.label}`),
    element(
      'div',
      { class: 'grid' },
      quality(model, info),
      footprint(model, info),
      serving(model, info),
      layers(model, info),
      sensitivity(model),
      training(model),
      confusion(model, info),
      checks(model),
      notes(model),
    ),
  );
}

function quality(model: ModelInfo, { baseline }: RunInfo): Markup {
  const isBaseline = model === baseline;
  const parts = (['test', 'validation'] as const).flatMap((split) => {
    const after = model[split];
    const before = baseline[split];
    return after ? qualityRows(split, isBaseline ? undefined : before, after) : [];
  });
  const headings = ['', ...(isBaseline ? [] : ['original']), isBaseline ? 'value' : 'this model', ...(isBaseline ? [] : ['change'])];
  const table = element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        headings.map((heading) => element('th', { scope: 'col' }, heading)),
      ),
    ),
    element('tbody', {}, parts),
  );
  const unmeasured = model.test ? undefined : element('p', { class: 'quiet' }, 'Only models of the front are measured on the test part.');
  return panel('Quality', element('div', { class: 'scroll' }, table), unmeasured);
}

/** The metric with its interval, then everything else that was measured. */
function qualityRows(split: string, before: QualityInfo | undefined, after: QualityInfo): Markup[] {
  const { metric, samples } = after;
  const change = before && qualityChange('test', before, after).change;
  const cell = (info: QualityInfo) => [
    formatQuality(metric, info.value, info.samples),
    info.interval && element('div', { class: 'quiet' }, formatInterval(metric, info.interval, info.samples)),
  ];
  const row = (name: string, cells: (Markup | string | undefined | readonly (Markup | string | undefined)[])[]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      cells.map((each) => element('td', {}, each)),
    );
  const main = row(`${metricName(metric)}, ${split} (${plural(samples, 'sample')})`, [
    ...(before ? [cell(before)] : []),
    cell(after),
    ...(before ? [formatChange(metric, change, before)] : []),
  ]);
  const others = Object.entries(after.details)
    .filter(([name]) => name !== metric)
    .map(([name, value]) => {
      const was = before && Object.hasOwn(before.details, name) ? before.details[name] : undefined;
      return row(name, before ? [number(was), number(value), number(difference(was, value), true)] : [number(value)]);
    });
  const { agreement } = after;
  const agreeing = agreement && [
    row('agreement with the original', [...(before ? [''] : []), formatAgreement(agreement), ...(before ? [''] : [])]),
  ];
  return [main, ...(agreeing ?? []), ...others];
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  const [was, is] = [finite(before), finite(after)];
  return was === undefined || is === undefined ? undefined : is - was;
}

function number(value: number | undefined, signed = false): string {
  const known = finite(value);
  if (known === undefined) return '-';
  const text = significant(Math.abs(known) < 1e-12 ? 0 : known, signed ? 2 : 4);
  return signed && known > 0 ? `+${text}` : text;
}

function footprint(model: ModelInfo, { baseline }: RunInfo): Markup {
  const isBaseline = model === baseline;
  const latency = model.footprint.latency;
  const rows = compareCosts(model, baseline).map((comparison) => {
    const { measure, before, after } = comparison;
    const largest = Math.max(before ?? 0, after ?? 0) || 1;
    const track = (value: number | undefined, kind: string) =>
      element(
        'div',
        { class: `track ${kind}` },
        element('i', { style: `width:${(((value ?? 0) / largest) * 72).toFixed(1)}%` }),
        element('span', {}, value === undefined ? 'not measured' : measure.format(value)),
      );
    return element(
      'div',
      { class: 'pair' },
      element(
        'div',
        { class: 'what' },
        element('span', {}, measure.label),
        isBaseline ? undefined : element('span', { class: 'quiet' }, ratioInWords(comparison) ?? ''),
      ),
      isBaseline ? undefined : track(before, 'before'),
      track(after, 'after'),
    );
  });
  const conditions =
    latency &&
    element(
      'p',
      { class: 'quiet' },
      latency.estimatedFor !== undefined
        ? `Latency: an estimate for ${latency.estimatedFor}, batch ${latency.batch}; not measured.`
        : latency.device !== undefined
          ? `Latency on ${latency.device}: median of batch ${latency.batch}, ${latency.backend}; 95% of runs under ${significant(latency.p95)} ms.`
          : `Latency: median of batch ${latency.batch}, ${plural(latency.threads, 'thread')}, ${latency.backend}; 95% of runs under ${significant(latency.p95)} ms, 99% under ${significant(latency.p99)} ms; ${significant(latency.throughput)} samples a second.`,
    );
  const key = isBaseline ? undefined : element('p', { class: 'quiet' }, 'Grey: the original. Green: this model.');
  return panel('Footprint', key, rows, conditions);
}

/** Serving beside the original's, and what it took to make the model. */
function serving(model: ModelInfo, info: RunInfo): Markup | undefined {
  const { serving: found = [], trainingMicrojoules: trained } = model.footprint;
  const training =
    trained === undefined
      ? undefined
      : element('p', {}, `Energy of the trainings that made it: ${formatEnergy(trained)}, an estimate of their steps.`);
  if (found.length === 0) return training && panel('Training energy', training);
  const { headings, rows } = servingTableOf(found);
  const before = model === info.baseline ? undefined : info.baseline.footprint.serving;
  const original = (concurrent: number) => formatCount(before?.find((each) => each.concurrent === concurrent)?.throughput);
  const table = dataTable(
    before ? [...headings, 'original samples/s'] : headings,
    found.map(({ concurrent }, place) => {
      const [first, ...rest] = before ? [...rows[place], original(concurrent)] : rows[place];
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, first),
        rest.map((text) => element('td', {}, text)),
      );
    }),
  );
  return panel('Serving', table, element('p', { class: 'quiet' }, servingConditions(found, info)), training);
}

function layers(model: ModelInfo, info: RunInfo): Markup | undefined {
  const after = layersOf(info, model.id);
  if (after.length === 0) return undefined;
  const isBaseline = model === info.baseline;
  const pairs = pairLayers(isBaseline ? [] : layersOf(info, info.baseline.id), after);
  const charts = (['macs', 'weightBytes'] as const).flatMap((measure) => {
    const bars = layerBars(pairs, measure);
    if (bars.pairs.length === 0) return [];
    const title = measure === 'macs' ? 'Multiply-accumulates by layer' : 'Bytes of weights by layer';
    return panel(title, { markup: layersSvg(bars, measure, { ...INLINE, compared: !isBaseline }) });
  });
  return fragment(charts);
}

function sensitivity({ notes: found, validation }: ModelInfo): Markup | undefined {
  const records = sensitivityList(found);
  if (records.length === 0) return undefined;
  const note = element('p', { class: 'quiet' }, 'What quality changes by when one layer alone is changed.');
  return panel('Sensitivity by layer', note, { markup: sensitivitySvg(records, validation.metric, INLINE) });
}

function training({ notes: found }: ModelInfo): Markup | undefined {
  const curves = trainingCurves(found);
  return curves && panel('Training', { markup: trainingSvg(curves, INLINE) });
}

function confusion(model: ModelInfo, { task }: RunInfo): Markup | undefined {
  const { confusion: matrix } = model.test ?? model.validation;
  return matrix && panel('Confusion', confusionTable(matrix, task.classes));
}

function checks({ checks: found = [] }: ModelInfo): Markup | undefined {
  if (found.length === 0) return undefined;
  const items = found.map(({ runtime, status, detail }) => {
    const tone = status === 'agrees' ? 'good' : status === 'not checked' ? undefined : 'bad';
    const mark = status === 'agrees' ? '✓' : status === 'not checked' ? '–' : '✗';
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, runtime),
      element('td', { class: tone }, `${mark} ${status}`),
      element('td', { class: 'name left quiet' }, detail),
    );
  });
  return panel('Runtimes', element('div', { class: 'scroll' }, element('table', {}, element('tbody', {}, items))));
}

function notes({ notes: found }: ModelInfo): Markup | undefined {
  const entries = Object.entries(found.facts ?? {}).map(
    ([name, value]) => [name, typeof value === 'number' ? significant(value, 4) : String(value)] as const,
  );
  const remarks = found.remarks ?? [];
  if (entries.length + remarks.length === 0) return undefined;
  return panel(
    'Notes',
    entries.length > 0 ? facts(entries) : undefined,
    remarks.map((remark) => element('p', {}, remark)),
  );
}
