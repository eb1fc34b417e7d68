import { checkNumber, costOf } from './compare.js';
import type { Stopper } from './stopper.js';

export interface PatienceOptions {
  /** How many reports without improvement are borne; at least 1. Default 5. */
  patience?: number;
  /** What counts as improvement over the best report before, in the report's unit; at least 0. Default 0: any. */
  minDelta?: number;
}

/**
 * Stops a trial that has not improved on its own best for `patience` reports, whatever other trials do. Of vectors the first number counts.
 * @throws OptionError for an option out of range.
 */
export function patienceStopper({ patience = 5, minDelta = 0 }: PatienceOptions = {}): Stopper {
  checkNumber('patience', patience, 1);
  checkNumber('minDelta', minDelta, 0, 'a number');
  return {
    name: 'patience',
    options: { patience, minDelta },
    shouldStop: ({ reports }, _step, _value, { reportDirection }) => {
      let best = Infinity;
      let waited = 0;
      for (const { value } of reports) {
        const cost = costOf(value, reportDirection);
        if (cost < best - minDelta || (best === Infinity && cost < best)) {
          best = cost;
          waited = 0;
        } else waited++;
      }
      return waited >= patience;
    },
  };
}
