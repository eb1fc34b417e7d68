import { hiddenChange, knownMetric } from '../../metrics/index.js';
import type { ModelInfo, RunInfo } from '../../strategies/index.js';
import { compareQuality } from './compare.js';
import { finite, metricName, plural, unitOf } from './format.js';
import { limitName } from './limits.js';

/** What is worse in a model than in the original: all that its card warns of, the limits that it breaks, and what was not checked. */
export function modelWarnings(model: ModelInfo, baseline: ModelInfo): string[] {
  const found: string[] = [];
  if (model !== baseline) {
    const { split, loss, before, after } = compareQuality(model, baseline);
    if (loss !== undefined && loss > 0.5)
      found.push(`Loses ${loss.toFixed(1)} ${unitOf(after.metric)} of ${split} ${metricName(after.metric)} against the original.`);
    const metric = knownMetric(after.metric);
    const hidden = metric && hiddenChange(before, after, metric);
    if (hidden) found.push(hidden.text);
    if (isSlower(model))
      found.push(
        `Slower than the original ${whereSlower(model)}: ${model.footprint.latency?.ratioToBaseline?.toFixed(2)} times its latency.`,
      );
    if (model.footprint.bytes > baseline.footprint.bytes) found.push('Larger than the original.');
  }
  const { device, wrong } = model.footprint.latency ?? {};
  if (wrong !== undefined) found.push(`Not for ${device}: ${wrong}`);
  if (model.footprint.compiled?.refused) found.push(`Cannot be compiled: ${model.footprint.compiled.refused}`);
  for (const check of model.checks ?? [])
    if (check.status === 'differs' || check.status === 'fails') found.push(`${check.runtime}: ${check.status} (${check.detail ?? ''}).`);
  for (const limit of model.breaks) found.push(`Breaks a limit: ${limitName(limit)}.`);
  return found;
}

/** What a reader must know before any figure. */
export function runWarnings(info: RunInfo): string[] {
  const found: string[] = [];
  if (!info.complete) found.push('The run did not finish; this is what it had when it stopped.');
  const { failed } = info.trials;
  if (failed > 0) {
    const first = info.failures[0];
    const example = first ? ` The first, trial ${first.trial}: ${first.message}` : '';
    found.push(`${plural(failed, 'trial')} failed.${example}`);
  }
  const front = info.models.filter((model) => model.onFront);
  const named = (list: ModelInfo[]) => list.map((model) => model.label).join('; ');
  const disagreeing = [info.baseline, ...front].filter((model) =>
    model.checks?.some(({ status }) => status === 'fails' || status === 'differs'),
  );
  if (disagreeing.length > 0) found.push(`A runtime does not agree or fails to load: ${named(disagreeing)}.`);
  const slower = front.filter(isSlower);
  if (slower.length > 0) found.push(`Slower than the original ${whereSlower(slower[0])}: ${named(slower)}.`);
  const larger = front.filter((model) => model.footprint.bytes > info.baseline.footprint.bytes);
  if (larger.length > 0) found.push(`Larger than the original: ${named(larger)}.`);
  return found;
}

/** Whether a model took longer in turns with the baseline, as far as the measurement tells. */
function whereSlower({ footprint: { latency } }: ModelInfo): string {
  return latency?.estimatedFor ? `by an estimate for ${latency.estimatedFor}` : `on ${latency?.device ?? 'this machine'}`;
}

function isSlower({ footprint: { latency } }: ModelInfo): boolean {
  const ratio = finite(latency?.ratioToBaseline);
  return ratio !== undefined && (latency?.ratioInterval ? latency.ratioInterval[0] > 1 : ratio > 1.05);
}
