import { compareCosts, compareQuality, formatChange, formatQuality, metricName, ratioInWords, summarize } from '../../report/info/index.js';
import type { ModelInfo, RunInfo } from '../../strategies/index.js';

/** A model of a run that stands in a column. */
export interface Compared {
  readonly run: string;
  readonly info: RunInfo;
  readonly model: ModelInfo;
}

export interface ComparedCell {
  readonly text: string;
  /** Against the first column. */
  readonly difference?: string;
  readonly better?: boolean;
}

export interface ComparedRow {
  readonly label: string;
  readonly cells: readonly ComparedCell[];
}

/** The model that a run's headline is about, or the baseline. */
export function bestOf(info: RunInfo): ModelInfo {
  return summarize(info).best ?? info.baseline;
}

/** Figures of models side by side, each with its difference from the first. Quality is of the same part of the data in all columns. */
export function comparedRows(columns: readonly Compared[]): ComparedRow[] {
  const [first, ...others] = columns;
  if (!first) return [];
  const costs = columns.map((column) => compareCosts(comparable(column, first), first.model));
  const names = [...new Set(costs.flatMap((list) => list.map(({ measure }) => measure.name)))];
  const rows = names.map((name): ComparedRow => {
    const found = costs.map((list) => list.find(({ measure }) => measure.name === name));
    const label = found.find((each) => each)?.measure.label ?? name;
    const cells = found.map((comparison, index): ComparedCell => {
      if (!comparison) return { text: '-' };
      const { measure, after, ratio } = comparison;
      const difference = index === 0 ? undefined : ratioInWords(comparison);
      return { text: measure.format(after), ...(difference && { difference, better: (ratio ?? 1) > 1 }) };
    });
    return { label, cells };
  });
  return [qualityRow(first, others), ...rows];
}

/** A ratio that was measured in turns is one to the baseline of its own run: beside any other model the medians are compared. */
function comparable({ run, model }: Compared, first: Compared): ModelInfo {
  const { latency } = model.footprint;
  if (!latency || (run === first.run && first.model.id === first.info.baseline.id)) return model;
  const { ratioToBaseline: _, ratioInterval: __, ...own } = latency;
  return { ...model, footprint: { ...model.footprint, latency: own } };
}

function qualityRow(first: Compared, others: readonly Compared[]): ComparedRow {
  const onTest = [first, ...others].every(({ model }) => model.test !== undefined);
  const of = (model: ModelInfo) => (onTest && model.test) || model.validation;
  const { metric } = of(first.model);
  const text = (model: ModelInfo) => formatQuality(of(model).metric, of(model).value, of(model).samples);
  const cells = others.map(({ model }): ComparedCell => {
    if (of(model).metric !== metric) return { text: text(model) };
    const { change, loss, before } = compareQuality(
      { ...model, test: onTest ? model.test : undefined },
      { ...first.model, test: onTest ? first.model.test : undefined },
    );
    return {
      text: text(model),
      difference: formatChange(metric, change, before),
      ...(loss !== undefined && loss !== 0 && { better: loss < 0 }),
    };
  });
  const name = metricName(metric);
  const label = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)} (${onTest ? 'test' : 'validation'})`;
  return { label, cells: [{ text: text(first.model) }, ...cells] };
}
