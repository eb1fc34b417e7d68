import { type Direction, nonDominatedRanks } from '../../pareto/index.js';
import { type History, type Report, totalViolation } from '../trial.js';
import { costOf } from './compare.js';

/** A report without its step. */
export type Reported = Pick<Report, 'value' | 'values' | 'violations'>;

/** Whether reports are compared as vectors: some of them give a value for each direction. */
export function areVectors(reports: readonly Reported[]): boolean {
  return reports.some(({ values }) => values !== undefined);
}

/**
 * Where each of several reports stands among them: the lower, the better, and equals share a place.
 *
 * Single numbers stand by their value. Vectors stand by constrained non-domination (Deb et al. 2002, NSGA-II): what breaks no constraint first, by non-dominated rank; then the
 * others, by how much they break; what was not finite last. Successive halving that ranks by non-dominated fronts is multi-objective ASHA (Schmucker et al. 2021, arXiv 2106.12639).
 */
export function placesOf(
  reports: readonly Reported[],
  { directions, reportDirection }: Pick<History, 'directions' | 'reportDirection'>,
): number[] {
  return areVectors(reports) ? vectorPlaces(reports, directions) : sorted(reports.map(({ value }) => costOf(value, reportDirection)));
}

function vectorPlaces(reports: readonly Reported[], directions: readonly Direction[]): number[] {
  const feasible = reports.flatMap((report, index) =>
    report.values && totalViolation(report) === 0 ? [{ index, values: report.values }] : [],
  );
  const ranks = nonDominatedRanks(
    feasible.map(({ values }) => values),
    directions,
  );
  const last = ranks.reduce((most, rank) => Math.max(most, rank), -1);
  const places = sorted(reports.map((report) => (report.values ? totalViolation(report) : Number.POSITIVE_INFINITY))).map(
    (place) => last + 1 + place,
  );
  feasible.forEach(({ index }, i) => {
    places[index] = ranks[i];
  });
  return places;
}

/** The place of each cost among the distinct ones. */
function sorted(costs: readonly number[]): number[] {
  const distinct = [...new Set(costs)].sort((a, b) => a - b);
  const places = new Map(distinct.map((cost, place) => [cost, place]));
  return costs.map((cost) => places.get(cost) as number);
}
