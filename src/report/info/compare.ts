import type { ModelInfo, QualityInfo } from '../../strategies/index.js';
import { finite, formatRatio, lossOf } from './format.js';
import type { Measure, MeasureName } from './measure.js';
import { costMeasures } from './measures.js';

/** One measure of cost, before and after. */
export interface Comparison {
  measure: Measure;
  before?: number;
  after?: number;
  /** How many times less than before: 2 is half of it, below 1 is more. Absent where either is not measured or they are not comparable. */
  ratio?: number;
  /** Why there is no value, in a word, where that is known. */
  missing?: string;
}

/** What a model costs beside the baseline, all measures that either has. @param more measures, of devices. */
export function compareCosts(model: ModelInfo, baseline: ModelInfo, more: readonly Measure[] = []): Comparison[] {
  return [...costMeasures(), ...more].flatMap((measure) => {
    const before = measure.value(baseline);
    const after = measure.value(model);
    const missing = measure.missing?.(model);
    if (before === undefined && after === undefined && missing === undefined) return [];
    const ratio = measure.name === 'latency' ? speedUp(model, baseline) : timesLess(before, after);
    return [{ measure, before, after, ratio, ...(missing !== undefined && { missing }) }];
  });
}

export function costRatio(model: ModelInfo, baseline: ModelInfo, name: MeasureName): number | undefined {
  return compareCosts(model, baseline).find(({ measure }) => measure.name === name)?.ratio;
}

function timesLess(before: number | undefined, after: number | undefined): number | undefined {
  return before !== undefined && after !== undefined && after > 0 ? before / after : undefined;
}

/** Measured in turns with the baseline where it was; otherwise of two medians, if both were taken in the same way. */
function speedUp(model: ModelInfo, baseline: ModelInfo): number | undefined {
  if (model === baseline) return baseline.footprint.latency ? 1 : undefined;
  const [before, after] = [baseline.footprint.latency, model.footprint.latency];
  if (!after) return undefined;
  const paired = finite(after.ratioToBaseline);
  const [low, high] = after.ratioInterval ?? [1, 1];
  // Where the interval holds 1, nobody can tell which is faster.
  if (paired !== undefined && after.ratioInterval && low <= 1 && high >= 1) return 1;
  if (paired !== undefined) return paired > 0 ? 1 / paired : undefined;
  // A device is asked for its quickest way, which may be another for each model.
  const alike =
    before?.batch === after.batch &&
    before.device === after.device &&
    (after.device !== undefined || (before.threads === after.threads && before.backend === after.backend));
  return alike ? timesLess(finite(before.p50), finite(after.p50)) : undefined;
}

/** "3.9x smaller", "1.20x larger"; undefined where there is no ratio, or no difference to speak of (under 0.5%). */
export function ratioInWords({ ratio, measure }: Comparison): string | undefined {
  if (ratio === undefined || Math.abs(ratio - 1) < 0.005) return undefined;
  return ratio > 1 ? `${formatRatio(ratio)} ${measure.words[0]}` : `${formatRatio(1 / ratio)} ${measure.words[1]}`;
}

/** A quality beside the baseline's, both measured on the same part of the data. */
export interface QualityComparison {
  split: 'test' | 'validation';
  before: QualityInfo;
  after: QualityInfo;
  /** After minus before, in the metric's units. */
  change?: number;
  /** How much worse, in the unit of the metric's changes (points, hundredths or percent); negative where it got better. */
  loss?: number;
  /** Whether the baseline's value lies in the model's 95% interval: the samples cannot tell the two apart. Absent without an interval. */
  withinNoise?: boolean;
}

/** On the test part where both were measured there, else on the validation part. */
export function compareQuality(model: ModelInfo, baseline: ModelInfo): QualityComparison {
  if (model.test && baseline.test) return qualityChange('test', baseline.test, model.test);
  return qualityChange('validation', baseline.validation, model.validation);
}

export function qualityChange(split: QualityComparison['split'], before: QualityInfo, after: QualityInfo): QualityComparison {
  const [was, is] = [finite(before.value), finite(after.value)];
  const [low, high] = [finite(after.interval?.[0]), finite(after.interval?.[1])];
  return {
    split,
    before,
    after,
    change: was === undefined || is === undefined ? undefined : is - was,
    loss: was === undefined || is === undefined ? undefined : lossOf(after.metric, was, is),
    withinNoise: was === undefined || low === undefined || high === undefined ? undefined : low <= was && was <= high,
  };
}
