import { ticks } from '../../../report/info/index.js';
import { drawable } from './text.js';
import type { Theme } from './theme.js';

/** An axis between two values of its measure. Logarithms are ours, so that ticks are at round numbers within a decade, too. */
export interface AxisRange {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** Where a value lies on the chart's scale. */
export function scaled(value: number, log: boolean): number {
  return log ? Math.log10(value) : value;
}

export function unscaled(place: number, log: boolean): number {
  return log ? 10 ** place : place;
}

/** The chart's options of an axis. */
export function axisOption({ low, high, log }: AxisRange, name: string, format: (value: number) => string, theme: Theme, side: 'x' | 'y') {
  const values = ticks(low, high, log).map((value) => scaled(value, log));
  return {
    type: 'value',
    min: scaled(low, log),
    max: scaled(high, log),
    name: drawable(name),
    nameLocation: side === 'x' ? 'middle' : 'end',
    nameGap: side === 'x' ? 28 : 12,
    nameTextStyle: { color: theme.muted, fontSize: 12, align: side === 'x' ? 'center' : 'left' },
    axisLine: { show: side === 'x', lineStyle: { color: theme.muted }, onZero: false },
    axisTick: { show: side === 'x', customValues: values },
    axisLabel: {
      color: theme.muted,
      fontSize: 12,
      customValues: values,
      hideOverlap: true,
      formatter: (at: number) => format(unscaled(at, log)),
    },
    splitLine: { customValues: values, lineStyle: { color: theme.grid } },
  };
}

/** A range with some room around values; of [0, 1] without any. */
export function around(values: readonly number[], log = false): AxisRange {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: 0, high: 1, log: false };
  const isLog = log && low > 0;
  const [from, to] = [scaled(low, isLog), scaled(high, isLog)];
  const room = to > from ? 0.05 * (to - from) : Math.abs(to) * 0.05 || 1;
  return { low: unscaled(from - room, isLog), high: unscaled(to + room, isLog), log: isLog };
}
