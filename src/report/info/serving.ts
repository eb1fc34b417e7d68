import type { ModelInfo, RunInfo, ServingInfo } from '../../strategies/index.js';
import { formatBytes, formatCount, formatEnergy, formatMs, formatSeconds, plural, significant } from './format.js';

/** Serving as a table of texts: a row for each number of requests. */
export interface ServingTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Energy and cost have columns where they are known. */
export function servingTableOf(serving: readonly Omit<ServingInfo, 'estimatedFor'>[]): ServingTable {
  const columns: [string, (each: Omit<ServingInfo, 'estimatedFor'>) => string | undefined][] = [
    ['requests at a time', ({ concurrent }) => String(concurrent)],
    ['samples/s', ({ throughput }) => formatCount(throughput)],
    ['p50', ({ p50 }) => formatMs(p50)],
    ['p95', ({ p95 }) => formatMs(p95)],
    ['memory', ({ memory }) => formatBytes(memory)],
    ['energy per million', ({ kilowattHoursPerMillion: energy }) => (energy === undefined ? undefined : `${significant(energy)} kWh`)],
    ['cost per million', ({ costPerMillion }) => (costPerMillion === undefined ? undefined : significant(costPerMillion))],
  ];
  const known = columns.filter(([, text]) => serving.some((each) => text(each) !== undefined));
  return {
    headings: known.map(([heading]) => heading),
    rows: serving.map((each) => known.map(([, text]) => text(each) ?? '-')),
  };
}

/** The number of requests with which a model serves most; undefined where it was not served. */
export function bestServing({ footprint }: ModelInfo): ServingInfo | undefined {
  const { serving = [] } = footprint;
  return serving.reduce<ServingInfo | undefined>((best, each) => (best && best.throughput >= each.throughput ? best : each), undefined);
}

/** How figures of serving came about, as a sentence. */
export function servingConditions([first]: readonly ServingInfo[], { options }: Pick<RunInfo, 'options'>): string {
  const { watts, pricePerHour } = options as { watts?: number; pricePerHour?: number };
  const rates = [
    ...(watts === undefined ? [] : [`${significant(watts)} W`]),
    ...(pricePerHour === undefined ? [] : [`${significant(pricePerHour)} an hour`]),
  ];
  const given = rates.length > 0 ? `; energy and cost at ${rates.join(' and ')}, as given` : '';
  return first?.estimatedFor === undefined
    ? `Measured here: one program of one thread for each request${given}.`
    : `An estimate for ${first.estimatedFor}, not measured: requests of one moment are one batch${given}.`;
}

/** What the trainings of a run took, as a sentence; undefined where nothing was trained. */
export function trainingText({ training, seconds }: Pick<RunInfo, 'training' | 'seconds'>): string | undefined {
  if (!training || training.epochs === 0) return undefined;
  const { epochs, microjoules, runJoules } = training;
  const energy = microjoules > 0 ? `, ${formatEnergy(microjoules)} by an estimate of their steps` : '';
  const run =
    runJoules === undefined ? '' : `; the whole run, ${formatSeconds(seconds)} at the watts given, ${formatEnergy(1e6 * runJoules)}`;
  return `Trainings: ${plural(epochs, 'epoch')}${energy}${run}.`;
}
