import { isMoreBetter } from '../../report/info/index.js';
import type { LiveRun, ModelInfo, RunInfo } from '../../strategies/index.js';

/**
 * A run in progress as reports take it, so that the page and the report say the same of the same models.
 * @returns undefined until the baseline is measured.
 */
export function infoOf(run: LiveRun): RunInfo | undefined {
  const { baseline, models, trials, task, limits, name, strategy } = run;
  if (!baseline) return undefined;
  const ended = (state: string) => trials.filter((trial) => trial.state === state).length;
  return {
    format: 1,
    name,
    strategy,
    task: {
      ...task,
      preprocess: undefined,
      samples: { train: 0, calibration: 0, validation: baseline.validation.samples, test: baseline.test?.samples ?? 0 },
      fingerprint: '',
    },
    seed: baseline.seed,
    options: {},
    limits,
    machine: { node: '', platform: '', processor: '', cores: 0 },
    objectives: run.objectives ?? ['quality', 'bytes'],
    baseline,
    models: ranked(models, task.metric),
    hypervolume: 0,
    layers: {},
    trials: { finished: ended('completed'), failed: ended('failed'), stopped: ended('stopped') },
    failures: trials.flatMap(({ number, error, recipe = [] }) => (error === undefined ? [] : [{ trial: number, recipe, message: error }])),
    remarks: [],
    seconds: (run.updated - run.begun) / 1000,
    complete: run.state === 'complete',
  };
}

/** The front first, the best quality before, as in front.json: then ranks are those of the report. */
function ranked(models: readonly ModelInfo[], metric: string): ModelInfo[] {
  const [front, others] = [models.filter(({ onFront }) => onFront), models.filter(({ onFront }) => !onFront)];
  const sign = isMoreBetter(metric) ? 1 : -1;
  return [...front.sort((a, b) => sign * (b.validation.value - a.validation.value)), ...others];
}
