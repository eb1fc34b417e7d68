import { halvingStopper } from './halving.js';
import { hyperbandStopper } from './hyperband.js';
import { medianStopper } from './median.js';
import { patienceStopper } from './patience.js';
import type { Stopper } from './stopper.js';

/** What stoppers of the table are made for. */
export interface StopperUse {
  /** The step at which a trial of the usual length is finished; at least 1. */
  maxResource: number;
}

/** The first rung: a ninth of the usual length. The first epochs of a long training say little. */
function firstRung({ maxResource }: StopperUse): number {
  return Math.ceil(maxResource / 9);
}

/** What can be asked for by name, and when to. 'none' makes no stopper: every trial runs to its end. */
export const stoppers: { readonly [name: string]: { readonly make: (use: StopperUse) => Stopper | undefined; readonly when: string } } = {
  none: { make: () => undefined, when: 'the usual choice: every trial runs to its end' },
  median: {
    make: () => medianStopper(),
    when: 'the mildest that compares: a trial goes that is worse than most finished ones were on average up to the same epoch',
  },
  asha: {
    make: (use) => halvingStopper({ minResource: firstRung(use) }),
    when: 'many trials with long trainings: after a ninth of the usual epochs, and then each three times as many, the best third goes on',
  },
  hyperband: {
    make: (use) => hyperbandStopper({ minResource: firstRung(use), maxResource: use.maxResource }),
    when: 'as asha, where the first epochs may mislead: some of the trials are left alone until later',
  },
  patience: {
    make: () => patienceStopper(),
    when: 'trainings that are too long: a trial goes that has not become better for five epochs, whatever others do',
  },
};
