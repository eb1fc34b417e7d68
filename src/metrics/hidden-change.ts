import type { Agreement } from './agreement.js';
import type { Metric } from './metric.js';
import { share } from './scales.js';

/** What is compared of two qualities. */
interface Measured {
  value: number;
  samples: number;
  agreement?: Agreement;
}

/** Answers that may change, beyond what the score shows, before that is worth a warning; and the least that is worth a word. */
const MANY = 0.1;
const SOME = 0.02;

/**
 * What changed more than the score explains: answers that are others than the original's though the score hardly moved, because gains and losses cancel
 * out. Undefined where nothing is worth a word.
 */
export function hiddenChange(
  before: Measured,
  after: Measured,
  metric: Pick<Metric, 'label' | 'scale'>,
): { text: string; isLarge: boolean } | undefined {
  const { agreement } = after;
  if (agreement?.measure !== 'share') return undefined;
  const changed = 1 - agreement.value;
  const shown = Math.abs(after.value - before.value);
  const isShare = metric.scale === share;
  if (changed < SOME || (isShare && changed < 3 * shown)) return undefined;
  return {
    text: `${(100 * changed).toFixed(1)}% of the answers are others than the original's, where ${metric.label} changed by ${metric.scale.formatChange(after.value - before.value, before.value, after.samples)}${isShare ? ' points' : ''}: gains and losses cancel out.`,
    isLarge: changed >= MANY,
  };
}
