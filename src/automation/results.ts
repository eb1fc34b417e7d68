import { OptionError } from '../base/index.js';
import { type Direction, type FrontOptions, front, hypervolume, type Objectives } from '../pareto/index.js';
import { type TrialRecord, totalViolation } from './trial.js';

/** What a study has found so far. */
export interface StudyResults {
  readonly directions: readonly Direction[];
  /** By number, without gaps. */
  readonly trials: readonly TrialRecord[];
  /** The feasible finished trials that no other one dominates, by number. Equal ones are all kept unless `duplicates` is 'first'. */
  front(options?: FrontOptions): TrialRecord[];
  /**
   * The feasible finished trial with the best value, the first of equals; undefined when there is none.
   * @throws OptionError for a study with several objectives.
   */
  best(): TrialRecord | undefined;
  /**
   * The front's hypervolume after each finished trial, by number.
   * @param reference the worst corner. Default: the worst value of each objective among the feasible finished trials.
   */
  hypervolumes(reference?: Objectives): { number: number; hypervolume: number }[];
}

/** @param trialsOf read at each call, so that the results follow a study that runs. */
export function resultsOf(directions: readonly Direction[], trialsOf: () => readonly TrialRecord[]): StudyResults {
  const feasible = (): TrialRecord[] => trialsOf().filter((trial) => trial.state === 'completed' && totalViolation(trial) === 0);
  return {
    directions,
    get trials() {
      return trialsOf();
    },
    front: (options) => front(feasible(), valuesOf, directions, options),
    best: () => {
      if (directions.length > 1) {
        throw new OptionError({ what: 'A study with several objectives has no single best trial', fix: 'Use front().' });
      }
      return front(feasible(), valuesOf, directions, { duplicates: 'first' })[0];
    },
    hypervolumes: (reference) => {
      const trials = feasible();
      if (trials.length === 0) return [];
      const corner = reference ?? worstOf(trials.map(valuesOf), directions);
      let best: TrialRecord[] = [];
      return trials.map((trial) => {
        best = front([...best, trial], valuesOf, directions, { duplicates: 'first' });
        return { number: trial.number, hypervolume: hypervolume(best.map(valuesOf), corner, directions) };
      });
    },
  };
}

function valuesOf(trial: TrialRecord): Objectives {
  return trial.values!;
}

function worstOf(points: readonly Objectives[], directions: readonly Direction[]): number[] {
  return directions.map((direction, m) => {
    const worse = direction === 'minimize' ? Math.max : Math.min;
    return points.reduce((worst, point) => worse(worst, point[m]), points[0][m]);
  });
}
