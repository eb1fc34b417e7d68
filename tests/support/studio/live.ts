import type { LiveRun, LiveTrial, ModelInfo, RunInfo } from 'espalier/strategies';
import { digitsRun } from '../../fixtures/report/samples.js';

/** A moment that does not move. */
export const BEGUN = Date.UTC(2026, 0, 5, 9, 0, 0);

/** A run in the middle of its search, made of a finished one: 12 trials ended, one runs, of 20. */
export function liveDigits(change: Partial<LiveRun> = {}): LiveRun {
  const run = digitsRun();
  const models = run.models.map((model, index) => onlyValidation({ ...model, trial: index }));
  const trials = models.map((model, index) => trialOf(model, index));
  return {
    schema: 'espalier/live@1',
    revision: 1,
    name: 'digits',
    state: 'searching',
    strategy: run.strategy,
    task: { name: 'digits', kind: 'classification', metric: 'accuracy' },
    objectives: run.objectives,
    limits: run.limits,
    baseline: onlyValidation(run.baseline),
    models,
    space: {
      prune: { type: 'categorical', choices: [true, false] },
      keep: { type: 'float', low: 0.1, high: 0.9, when: { prune: true } },
      epochs: { type: 'integer', low: 1, high: 12 },
      rate: { type: 'float', low: 0.0001, high: 0.1, log: true },
      quantize: { type: 'categorical', choices: ['none', 'dynamic', 'static'] },
    },
    trials: [
      ...trials,
      {
        number: 12,
        state: 'failed',
        point: pointOf(12),
        models: [],
        curve: [],
        error: 'prune: The training loss became NaN.',
        begun: at(120),
        ended: at(126),
      },
      {
        number: 13,
        state: 'running',
        point: pointOf(13),
        label: 'prune 0.4 + int8',
        models: [],
        curve: [0.31, 0.62, 0.81].map((value, step) => ({ step: step + 1, value })),
        begun: at(126),
        worker: 'alder',
      },
    ],
    wanted: 20,
    workers: [
      { name: 'alder', trial: 13, task: 'train', done: 3, total: 12, facts: { loss: 0.51 }, seen: at(140) },
      { name: 'birch', seen: at(138) },
    ],
    messages: [
      { at: at(1), level: 'info', text: 'The original: accuracy 98.3%.' },
      { at: at(126), level: 'warning', text: 'Trial 12 failed.' },
    ],
    begun: BEGUN,
    updated: at(140),
    secondsLeft: 95,
    ...change,
  };
}

/** A run with so many trials, each with a model; some thirty of them on the front. */
export function manyTrials(count: number): LiveRun {
  const base = liveDigits({ name: 'many', wanted: count });
  const [pattern] = base.models;
  const models = Array.from({ length: count }, (_, index): ModelInfo => {
    const [u, v] = [fraction(index * 0.754877666), fraction(index * 0.569840291)];
    const bytes = Math.round(2000 * 40 ** u);
    const onFront = index % Math.ceil(count / 30) === 0;
    const value = 0.6 + 0.35 * u - (onFront ? 0 : 0.02 + 0.3 * v);
    return {
      ...pattern,
      id: `model-${index}`,
      label: `prune ${v.toFixed(3)}`,
      trial: index,
      onFront,
      breaks: [],
      validation: { ...pattern.validation, value },
      footprint: { ...pattern.footprint, bytes, macs: Math.round(1e5 + 1e6 * u) },
    };
  });
  return { ...base, models, trials: models.map((model, index) => ({ ...trialOf(model, index), curve: [] })) };
}

/** What is known before the end. */
function onlyValidation({ test: _, checks: __, ...model }: ModelInfo): ModelInfo {
  return model;
}

function trialOf(model: ModelInfo, number: number): LiveTrial {
  const { value } = model.validation;
  return {
    number,
    state: 'completed',
    point: pointOf(number),
    recipe: model.recipe,
    label: model.label,
    values: [value, model.footprint.bytes, model.footprint.macs ?? 0],
    models: [model.id],
    curve: [0.5, 0.8, 1].map((share, step) => ({ step: step + 1, value: share * value })),
    begun: at(10 * number),
    ended: at(10 * number + 9),
    worker: number % 2 === 0 ? 'alder' : 'birch',
  };
}

function pointOf(number: number): LiveTrial['point'] {
  const prune = number % 3 !== 0;
  const [u, v] = [fraction(number * 0.754877666), fraction(number * 0.569840291)];
  return {
    prune,
    ...(prune && { keep: 0.1 + 0.8 * u }),
    epochs: 1 + Math.floor(12 * v),
    rate: 0.0001 * 1000 ** u,
    quantize: ['none', 'dynamic', 'static'][number % 3],
  };
}

/** The run's front.json, once it is complete. */
export function frontOf(run: LiveRun): RunInfo {
  return { ...digitsRun(), name: run.name };
}

function at(seconds: number): number {
  return BEGUN + 1000 * seconds;
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
