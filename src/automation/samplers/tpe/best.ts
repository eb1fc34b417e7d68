import { type Direction, fronts, hypervolumeContributions, hypervolumeSubset, type Objectives } from '../../../pareto/index.js';
import type { TrialRecord } from '../../trial.js';
import { contenders } from './contenders.js';

/** Up to this many objectives, points of one rank are told apart by exact hypervolume; beyond, it would take too long, and order decides. */
const mostForHypervolume = 4;

/** The best by non-domination rank; of the last rank that fits in part, those of the largest joint hypervolume (Ozaki et al. 2020). */
export function bestOf(trials: readonly TrialRecord[], count: number, directions: readonly Direction[]): TrialRecord[] {
  const able = contenders(trials, count, directions);
  if (directions.length === 1) return lowest(able, count, directions[0]);
  const best: TrialRecord[] = [];
  for (const tied of fronts(able, objectivesOf, directions)) {
    const room = count - best.length;
    best.push(...(tied.length <= room ? tied : mostDiverse(tied, room, directions)));
    if (best.length === count) break;
  }
  return best;
}

/** The best by one objective, of equals the first. */
function lowest(trials: readonly TrialRecord[], count: number, direction: Direction): TrialRecord[] {
  const sign = direction === 'minimize' ? 1 : -1;
  const costOf = ({ values }: TrialRecord): number => sign * values![0];
  const last = Float64Array.from(trials, costOf).sort()[count - 1];
  const below = trials.filter((trial) => costOf(trial) < last);
  return [...below, ...trials.filter((trial) => costOf(trial) === last).slice(0, count - below.length)];
}

function mostDiverse(trials: readonly TrialRecord[], count: number, directions: readonly Direction[]): TrialRecord[] {
  if (directions.length === 1 || directions.length > mostForHypervolume) return trials.slice(0, count);
  const points = trials.map(objectivesOf);
  return hypervolumeSubset(points, count, cornerBeyond(points, directions), directions).map((i) => trials[i]);
}

/** With several objectives, each better point weighs as much as the hypervolume that only it adds. */
export function weightsOf(trials: readonly TrialRecord[], directions: readonly Direction[]): number[] {
  if (directions.length === 1 || directions.length > mostForHypervolume || trials.length < 2) return trials.map(() => 1);
  const points = trials.map(objectivesOf);
  const volumes = hypervolumeContributions(points, cornerBeyond(points, directions), directions);
  const largest = volumes.reduce((most, volume) => Math.max(most, volume), 0);
  return Array.from(volumes, (volume) => (largest > 0 ? Math.max(volume / largest, 1e-3) : 1));
}

/** A reference a tenth of the range beyond the worst value of each objective, so that the extremes count too. */
function cornerBeyond(points: readonly Objectives[], directions: readonly Direction[]): number[] {
  return directions.map((direction, m) => {
    const values = points.map((point) => point[m]);
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const margin = 0.1 * (high - low) || Math.max(1e-12, 1e-12 * Math.abs(high));
    return direction === 'minimize' ? high + margin : low - margin;
  });
}

function objectivesOf(trial: TrialRecord): Objectives {
  return trial.values!;
}
