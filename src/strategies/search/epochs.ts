import { type Outcome, type Trial, TrialStopped } from '../../automation/index.js';
import type { Recipe } from '../../technique/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { violations } from '../criteria/limits.js';
import { objectiveValue } from '../criteria/objectives.js';
import type { FootprintInfo, Limits } from '../results/info.js';

/** What of a run the epochs of its trials are judged by. */
export interface Judging {
  baseline: Pick<Baseline, 'info' | 'criteria'>;
  /** What the recipe's model will cost. */
  footprint: FootprintInfo;
  /** What models must keep to now. */
  limits: Limits;
}

/**
 * Reports a trial after each epoch of its trainings, counted through the whole recipe, and asks whether it is given up. What the baseline has in common with it counts for no trial: all
 * have these epochs.
 */
export class TrialEpochs {
  /** Epochs that were reported. */
  epoch = 0;
  /** The stage of the last of them: its place in the recipe, from 1. */
  stage = 0;
  readonly #trial: Pick<Trial, 'report' | 'shouldStop'>;
  readonly #judging: Judging;
  readonly #shared: number;

  constructor(recipe: Recipe, trial: Pick<Trial, 'report' | 'shouldStop'>, judging: Judging) {
    this.#trial = trial;
    this.#judging = judging;
    const base = judging.baseline.info.recipe;
    const differs = recipe.findIndex((step, index) => JSON.stringify(step) !== JSON.stringify(base[index]));
    this.#shared = differs < 0 ? recipe.length : differs;
  }

  /** Told of each epoch. @throws TrialStopped where the trial is given up. */
  async add(stage: number, quality: number): Promise<void> {
    if (stage <= this.#shared) return;
    this.epoch++;
    this.stage = stage;
    this.#trial.report(this.epoch, outcomeAt(quality, this.#judging));
    if (await this.#trial.shouldStop()) throw new TrialStopped();
  }
}

/**
 * What a trial has come to: the quality of now, with what its model will cost. Limits of quality break nothing yet: there may be much of it to come, while the footprint stays.
 */
export function outcomeAt(quality: number, { baseline, footprint, limits }: Judging): Exclude<Outcome, number | readonly number[]> {
  const { info, criteria } = baseline;
  const model = { ...info, validation: { ...info.validation, value: quality }, footprint };
  const { maxDrop: _, minQuality: __, rules: ___, ...ofFootprint } = limits;
  const broken = Object.values(violations(ofFootprint, model, info, criteria.metric));
  return { values: criteria.objectives.map((name) => objectiveValue(model, name)), ...(broken.length > 0 && { violations: broken }) };
}
