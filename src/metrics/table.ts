import { OptionError } from '../base/index.js';
import type { AnswerKind, Answers } from './answers.js';
import { boxPrecision, boxPrecision50 } from './boxes/mean-average-precision.js';
import { accuracy } from './classes/accuracy.js';
import { auc } from './classes/auc.js';
import { averagePrecision } from './classes/average-precision.js';
import { balancedAccuracy } from './classes/balanced-accuracy.js';
import { bestF1 } from './classes/best-f1.js';
import { calibrationError } from './classes/calibration-error.js';
import { f1 } from './classes/f1.js';
import { logLoss } from './classes/log-loss.js';
import { precision } from './classes/precision.js';
import { recall } from './classes/recall.js';
import { topK } from './classes/top-k.js';
import { weightedF1 } from './classes/weighted-f1.js';
import { cosineToOriginal } from './embeddings/cosine.js';
import { recallAt } from './embeddings/recall.js';
import { agreement } from './fidelity/agreement.js';
import { outputCosine } from './fidelity/cosine.js';
import { maxDifference } from './fidelity/max-difference.js';
import { meanFidelity } from './fidelity/mean-channel.js';
import { outputSqnr } from './fidelity/output-sqnr.js';
import { sqnr } from './fidelity/sqnr.js';
import { fidelity } from './fidelity/worst-channel.js';
import { exactMatch } from './labels/exact-match.js';
import { macroF1 } from './labels/macro-f1.js';
import { meanAveragePrecision } from './labels/mean-average-precision.js';
import { microF1 } from './labels/micro-f1.js';
import type { Metric } from './metric.js';
import { mae } from './numbers/mae.js';
import { r2 } from './numbers/r2.js';
import { rmse } from './numbers/rmse.js';
import { tokenAccuracy } from './tokens/accuracy.js';
import { tokenF1 } from './tokens/f1.js';
import { perplexity } from './tokens/perplexity.js';

/** A metric of any kind of answers. */
export type AnyMetric = { [K in AnswerKind]: Metric<K> }[AnswerKind];

/** Every metric; the first of its kind of answers is the one that models are judged by where nothing else is asked for. */
const METRICS: AnyMetric[] = [
  accuracy,
  topK(5),
  balancedAccuracy,
  f1,
  weightedF1,
  precision,
  recall,
  auc,
  averagePrecision,
  bestF1,
  logLoss,
  calibrationError,
  macroF1,
  microF1,
  meanAveragePrecision,
  exactMatch,
  r2,
  rmse,
  mae,
  tokenAccuracy,
  tokenF1,
  perplexity,
  cosineToOriginal,
  recallAt(1),
  recallAt(5),
  boxPrecision,
  boxPrecision50,
  fidelity,
  agreement,
  meanFidelity,
  sqnr,
  outputSqnr,
  outputCosine,
  maxDifference,
];

/** Adds a metric to those that every command and search knows. @throws OptionError where the name is taken. */
export function addMetric(metric: AnyMetric): void {
  if (METRICS.some(({ name }) => plain(name) === plain(metric.name)))
    throw new OptionError({ what: 'There is a metric of this name already', got: metric.name });
  METRICS.push(metric);
}

/** The metrics of a kind of answers, the usual one first; of all kinds where none is named. */
export function metricsOf(kind?: AnswerKind): readonly AnyMetric[] {
  return METRICS.filter(({ answers }) => kind === undefined || answers === kind);
}

/**
 * A metric by its name; case, hyphens and spaces do not matter: "balanced-accuracy". A part in brackets names a class or column, or a number of
 * answers: "recall[person]", "r2[1]", "top[3]".
 * @param parts names of the classes or columns. Default: none are known, and any part is taken by its number.
 * @throws OptionError for a name that no metric has, or a part that there is not.
 */
export function metricNamed(name: string, kind?: AnswerKind, parts: readonly string[] = []): AnyMetric {
  const [, base, part] = /^([^[]*)(?:\[(.*)\])?$/.exec(name.trim()) ?? [];
  const known = metricsOf(kind);
  const found =
    known.find((metric) => plain(metric.name) === plain(name)) ??
    known.find((metric) => plain(metric.numbered ?? metric.name) === plain(base ?? '') && (part === undefined || metric.of));
  if (!found || (part === undefined && plain(found.name) !== plain(name))) throw unknown(name, kind);
  if (part === undefined || plain(found.name) === plain(name)) return found;
  const index = parts.includes(part) ? parts.indexOf(part) : /^\d+$/.test(part) ? Number(part) : -1;
  if (parts.length > 0 && !(index >= 0 && index < parts.length) && found.numbered === undefined)
    throw new OptionError({ what: `There is no "${part}"`, where: `metric "${name}"`, expected: parts.join(', '), got: part });
  return found.of?.(part, index) as AnyMetric;
}

function unknown(name: string, kind: AnswerKind | undefined): OptionError {
  return new OptionError({
    what: kind ? `There is no metric "${name}" for this task` : `There is no metric "${name}"`,
    expected: metricsOf(kind)
      .map((metric) => metric.name)
      .join(', '),
  });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

/** As `metricNamed`, but undefined for a metric that is not in the table: another program may have added it to what is read here. */
export function knownMetric(name: string): AnyMetric | undefined {
  try {
    return metricNamed(name);
  } catch (error) {
    if (error instanceof OptionError) return undefined;
    throw error;
  }
}

/** What a metric says of answers of its kind. */
export function scoreOf(metric: AnyMetric, answers: Answers): number {
  return (metric as Metric).score(answers.predictions as never, answers.targets as never);
}

/** What the best answer that ignores the sample would score, where that is known. @param parts how many classes, labels or columns there are. */
export function chanceOf(metric: AnyMetric, answers: Answers, parts: number): number | undefined {
  return (metric as Metric).chance?.(answers.targets as never, parts);
}

/** The 95% interval of that, where the metric has one. */
export function intervalOf(metric: AnyMetric, answers: Answers): readonly [number, number] | undefined {
  return (metric as Metric).interval?.(answers.predictions as never, answers.targets as never);
}
