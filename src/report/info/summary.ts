import type { ModelInfo, RunInfo } from '../../strategies/index.js';
import { compareCosts, compareQuality, qualityChange, ratioInWords } from './compare.js';
import { formatChange, formatInterval, formatQuality, lossOf, plural, shortMetricName, unitOf } from './format.js';
import type { MeasureName } from './measure.js';
import { costMeasures } from './measures.js';

/** What came out of a run, in plain words. */
export interface Summary {
  /** One sentence. */
  headline: string;
  /** What else is worth a sentence: the most accurate, the smallest, how the figures were measured. */
  details: string[];
  /** The model that the headline is about. */
  best?: ModelInfo;
  /** Whether the headline's model keeps the quality and costs less. */
  success: boolean;
}

/**
 * Models are chosen by validation quality, as the search chose them; the figures are those of the test part where it was measured. A gain is
 * claimed only where the model costs less than the original and stays within the tolerance: one point, or less where the run's
 * limits allow less.
 */
export function summarize(info: RunInfo): Summary {
  const front = info.models.filter((model) => model.onFront);
  if (front.length === 0) return nothingFound(info);
  const { baseline, task } = info;
  const tolerance = Math.min(1, info.limits.maxDrop ?? 1);
  const drop = (model: ModelInfo) => lossOf(task.metric, baseline.validation.value, model.validation.value);
  const cost = mainCost(info);
  const cheapest = (models: ModelInfo[]) =>
    [...models].sort((a, b) => (cost.value(a) ?? 0) - (cost.value(b) ?? 0))[0] as ModelInfo | undefined;
  const mostAccurate = [...front].sort((a, b) => drop(a) - drop(b))[0];
  const within = front.filter((model) => drop(model) <= tolerance + 1e-9);
  const margin = marginIn(unitOf(task.metric), tolerance, shortMetricName(task.metric));
  const say = (model: ModelInfo) => describe(model, baseline);

  const best = cheapest(within);
  const cheaper = best !== undefined && (cost.value(best) ?? 0) < (cost.value(baseline) ?? 0);
  const details: string[] = [];
  let headline: string;
  if (best && cheaper && losesMoreOnTest(best, info, tolerance))
    headline = `Best within ${margin} on the validation part: ${say(best)} on the test part.`;
  else if (best && cheaper) headline = `Best within ${margin}: ${say(best)}.`;
  else if (best) headline = `Nothing within ${margin} of the original is ${cost.words[0]}. Most accurate: ${say(mostAccurate)}.`;
  else headline = `No model stays within ${margin} of the original. The closest: ${say(mostAccurate)}.`;
  const told = best && cheaper ? best : mostAccurate;
  details.push(`That is "${told.label}".`, ...caveats(told, info, tolerance));
  if (mostAccurate !== told && drop(mostAccurate) < 0) details.push(`Most accurate: "${mostAccurate.label}", ${say(mostAccurate)}.`);
  const smallest = cheapest(front);
  if (smallest && smallest !== told && smallest !== mostAccurate) details.push(`At the far end: "${smallest.label}", ${say(smallest)}.`);
  details.push(provenance(told, info));
  return { headline, details, best: told, success: cheaper };
}

/** "1 point", "0.01 of the original's R²", "1% of the original's RMSE". */
function marginIn(unit: string, tolerance: number, metric: string): string {
  if (unit === 'points') return plural(tolerance, 'point');
  if (unit.startsWith('% of')) return `${tolerance}${unit}`;
  return `${unit === '%' ? `${tolerance}%` : tolerance / 100} of the original's ${metric}`;
}

/** The first objective besides quality: what the run set out to cut. */
function mainCost({ objectives }: RunInfo) {
  const wanted: MeasureName | undefined = objectives.find((name) => name !== 'quality') as MeasureName | undefined;
  const all = costMeasures();
  return all.find(({ name }) => name === wanted) ?? all[0];
}

function nothingFound(info: RunInfo): Summary {
  const { models, trials } = info;
  if (models.length === 0) {
    const failed = trials.failed > 0 ? ` ${plural(trials.failed, 'trial')} failed.` : '';
    return { headline: `No model was made.${failed}`, details: [], success: false };
  }
  const breaking = models.filter(({ breaks }) => breaks.length > 0).length;
  const beaten = models.length - breaking;
  const reasons = [
    ...(breaking > 0 ? [`${breaking} broke a limit`] : []),
    ...(beaten > 0 ? [`the original is at least as good as ${beaten} in every objective`] : []),
  ];
  return {
    headline: `No model beat the original: of ${plural(models.length, 'model')}, ${reasons.join(', ')}.`,
    details: [],
    success: false,
  };
}

/** "3.9x smaller, 1.8x fewer MACs, 1.3x faster, accuracy 98.4% (-0.2)". */
export function describe(model: ModelInfo, baseline: ModelInfo): string {
  const gains = compareCosts(model, baseline).flatMap((comparison) =>
    ['bytes', 'macs', 'latency'].includes(comparison.measure.name) ? (ratioInWords(comparison) ?? []) : [],
  );
  const { before, after, change } = compareQuality(model, baseline);
  const { metric, value, samples } = after;
  return [...gains, `${shortMetricName(metric)} ${formatQuality(metric, value, samples)} (${formatChange(metric, change, before)})`].join(
    ', ',
  );
}

/** What makes the headline less than it seems. */
function caveats(model: ModelInfo, info: RunInfo, tolerance: number): string[] {
  const { baseline, task } = info;
  const { change, withinNoise, after } = compareQuality(model, baseline);
  const found: string[] = [];
  if (losesMoreOnTest(model, info, tolerance))
    found.push('On the test part it loses more than on the validation part, by which it was chosen.');
  if (withinNoise && change !== 0) {
    const interval = formatInterval(task.metric, after.interval, after.samples);
    found.push(`The difference is within the noise of ${plural(after.samples, 'sample')}: the 95% interval is ${interval}.`);
  }
  return found;
}

/** Whether a model stays within the tolerance where it was chosen, and not where nothing was. */
function losesMoreOnTest(model: ModelInfo, { baseline }: RunInfo, tolerance: number): boolean {
  const { split, loss } = compareQuality(model, baseline);
  const onValidation = qualityChange('validation', baseline.validation, model.validation).loss;
  const within = (each: number | undefined) => (each ?? 0) <= tolerance + 1e-9;
  return split === 'test' && !within(loss) && within(onValidation);
}

function provenance(model: ModelInfo, { baseline }: RunInfo): string {
  const { split, after } = compareQuality(model, baseline);
  return split === 'test'
    ? `Models were chosen on the validation part; quality here is from ${plural(after.samples, 'test sample')} that nothing was chosen by.`
    : `Quality is from the ${plural(after.samples, 'validation sample')} by which the models were chosen, and so a little optimistic.`;
}
