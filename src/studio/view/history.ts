import type { Measure } from '../../report/info/index.js';
import type { ModelInfo } from '../../strategies/index.js';

export interface HistoryPoint {
  trial: number;
  value: number;
  /** The best of this and all trials before. */
  best: number;
}

/** What trials reached in one measure, by number, and the best so far among models that keep the limits. */
export function history(models: readonly ModelInfo[], measure: Measure): HistoryPoint[] {
  const better = measure.better === 'more' ? Math.max : Math.min;
  let best: number | undefined;
  return models
    .flatMap((model) => {
      const value = measure.value(model);
      return value === undefined || model.trial === undefined ? [] : [{ trial: model.trial, value, isKept: model.breaks.length === 0 }];
    })
    .sort((a, b) => a.trial - b.trial)
    .flatMap(({ trial, value, isKept }) => {
      if (isKept) best = best === undefined ? value : better(best, value);
      return best === undefined ? [] : [{ trial, value, best }];
    });
}
