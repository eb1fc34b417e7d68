import { type AnyMetric, hiddenChange, lossBetween, metricNamed } from '../../metrics/index.js';
import type { Card } from '../results/card.js';
import { CARD_SCHEMA, type ModelInfo, type RunInfo } from '../results/info.js';

/**
 * What a model carries: enough to judge it and to make it again. What is worse than before comes first.
 * @param metric that leads. Default: the one of the run's name.
 */
export function card(model: ModelInfo, info: RunInfo, metric?: AnyMetric): Card {
  const { baseline } = info;
  return {
    schema: CARD_SCHEMA,
    format: info.format,
    id: model.id,
    label: model.label,
    warnings: warnings(model, baseline, metric),
    onFront: model.onFront,
    limits: info.limits,
    breaks: model.breaks,
    file: model.file,
    recipe: model.recipe,
    seed: model.seed,
    strategy: info.strategy,
    data: { name: info.task.name, fingerprint: info.task.fingerprint, samples: info.task.samples },
    preprocess: info.task.preprocess,
    classes: info.task.classes,
    quality: {
      metric: model.validation.metric,
      validation: model.validation,
      test: model.test,
      before: { validation: baseline.validation, test: baseline.test },
      agreement: model.test?.agreement,
    },
    footprint: { after: model.footprint, before: baseline.footprint },
    checks: model.checks,
    notes: model.notes,
    machine: info.machine,
  };
}

/** What is worse than before, as sentences. @param metric that leads. Default: the one of the quality's name. */
export function warnings(model: ModelInfo, baseline: ModelInfo, metric = metricNamed(model.validation.metric)): string[] {
  const found: string[] = [];
  const { footprint } = model;
  const [part, before, after] =
    model.test && baseline.test
      ? (['test', baseline.test, model.test] as const)
      : (['validation', baseline.validation, model.validation] as const);
  const drop = 100 * lossBetween(metric, before.value, after.value);
  if (drop > 0.5) found.push(`Loses ${drop.toFixed(1)} ${metric.scale.unit} of ${part} ${metric.label} against the original.`);
  const hidden = hiddenChange(before, after, metric);
  if (hidden) found.push(hidden.text);
  const { ratioToBaseline: ratio, ratioInterval: interval, estimatedFor, device, wrong } = footprint.latency ?? {};
  if (ratio !== undefined && (interval ? interval[0] > 1 : ratio > 1.05))
    found.push(
      `Slower than the original ${estimatedFor ? `by an estimate for ${estimatedFor}` : `on ${device ?? 'this machine'}`}: ${ratio.toFixed(2)} times its latency.`,
    );
  if (wrong !== undefined) found.push(`Not for ${device}: ${wrong}`);
  if (footprint.bytes > baseline.footprint.bytes) found.push('Larger than the original.');
  if (model.breaks.length > 0) found.push(`Breaks the run's limits: ${model.breaks.join(', ')}.`);
  for (const check of model.checks ?? [])
    if (check.status === 'differs' || check.status === 'fails') found.push(`${check.runtime}: ${check.status} (${check.detail ?? ''}).`);
  return found;
}
