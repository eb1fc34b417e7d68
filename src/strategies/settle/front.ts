import { type AnyMetric, worth } from '../../metrics/index.js';
import { front, hypervolume } from '../../pareto/index.js';
import { directionsOf, objectiveValue } from '../criteria/objectives.js';
import type { ModelInfo, ObjectiveName } from '../results/info.js';

/**
 * Marks which candidates are on the front: those that keep every limit and beat guessing, where no other such model is at least as good in
 * everything. The baseline counts as such a model where it keeps the limits.
 * @returns the candidates, best first, and the hypervolume of the front. Its reference point is 1.1 times the baseline's cost and the
 *   quality of guessing: always answering the largest class of the validation part, or 0.
 */
export function markFront(
  candidates: readonly ModelInfo[],
  baseline: ModelInfo,
  objectives: readonly ObjectiveName[],
  metric: AnyMetric,
): { models: ModelInfo[]; hypervolume: number } {
  const values = (model: ModelInfo) => objectives.map((name) => objectiveValue(model, name));
  const { value, chance } = baseline.validation;
  // Where nothing is known of guessing, anything half as good as the baseline is worth a look.
  const guess = chance ?? (metric.direction === 'maximize' ? value / 2 : 2 * (value || worstOf(candidates)));
  const beatsGuessing = ({ validation }: ModelInfo) => worth(metric, validation.value) > worth(metric, guess);
  const feasible = [...candidates, baseline].filter((model) => model.breaks.length === 0 && beatsGuessing(model));
  const directions = directionsOf(objectives, metric);
  const best = new Set(front(feasible, values, directions));
  for (const model of candidates) model.onFront = best.has(model);
  const models = [...candidates].sort(
    (a, b) =>
      Number(b.onFront) - Number(a.onFront) ||
      worth(metric, b.validation.value) - worth(metric, a.validation.value) ||
      a.footprint.bytes - b.footprint.bytes ||
      (a.id < b.id ? -1 : 1),
  );
  const reference = objectives.map((name) => (name === 'quality' ? guess : objectiveValue(baseline, name) * 1.1));
  return { models, hypervolume: hypervolume([...best].map(values), reference, directions) };
}

/** The largest value, where the baseline makes no error at all that others could be measured by. */
function worstOf(candidates: readonly ModelInfo[]): number {
  return candidates.reduce((most, { validation }) => Math.max(most, validation.value), 0);
}
