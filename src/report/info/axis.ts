import type { Measure } from './measure.js';

/** A place along an axis: 0 is its low end, 1 its high end. */
export interface Place {
  at: number;
  /** Set where the value lies beyond an end; `at` is then that end. */
  outside?: 'low' | 'high';
}

/** An axis that is ready to draw: nobody who draws it needs to know its scale. */
export interface Axis {
  label: string;
  better: 'more' | 'less';
  log: boolean;
  ticks: { at: number; text: string }[];
}

export interface AxisScale extends Axis {
  /** The values at its ends. */
  ends: readonly [low: number, high: number];
  place(value: number): Place;
}

export interface AxisRequest {
  measure: Pick<Measure, 'label' | 'better' | 'format'>;
  /** Values that must be inside. */
  needed: readonly number[];
  /** Values that are inside too, unless that would stretch the axis too far. */
  wished: readonly number[];
  log: boolean;
  /** The most that values can be, e.g. 1 for accuracy: the axis does not go far beyond. */
  most?: number;
}

/** How many times its needed span a linear axis may be stretched by the values that are only wished for. */
const MOST_STRETCH = 3;

/** Logarithmic where asked and possible (all values positive), linear otherwise; with a margin, and ticks at round numbers. */
export function axisScale({ measure, needed, wished, log, most }: AxisRequest): AxisScale {
  const positive = [...needed, ...wished].every((value) => value > 0);
  const isLog = log && positive;
  const to = isLog ? Math.log : (value: number) => value;
  const [low, high] = range(needed.map(to), wished.map(to), isLog, most);
  const at = (value: number) => (to(value) - low) / (high - low);
  const from = isLog ? Math.exp : (value: number) => value;
  return {
    label: measure.label,
    better: measure.better,
    log: isLog,
    ends: [from(low), from(high)],
    ticks: ticks(from(low), from(high), isLog).map((value) => ({ at: at(value), text: measure.format(value) })),
    place(value) {
      const position = at(value);
      if (position < 0) return { at: 0, outside: 'low' };
      return position > 1 ? { at: 1, outside: 'high' } : { at: position };
    },
  };
}

/** The ends, on the scale of the axis. */
function range(needed: readonly number[], wished: readonly number[], log: boolean, most?: number): [number, number] {
  const all = needed.length > 0 ? needed : wished;
  if (all.length === 0) return [0, 1];
  let [low, high] = all.reduce(
    ([from, to], value) => [Math.min(from, value), Math.max(to, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const reach = log ? Number.POSITIVE_INFINITY : MOST_STRETCH * (high - low);
  const [floor, ceiling] = [high - reach, low + reach];
  for (const value of wished) {
    if (value >= floor && value < low) low = value;
    if (value <= ceiling && value > high) high = value;
  }
  const margin = high > low ? 0.07 * (high - low) : log ? Math.log(1.5) : Math.abs(high) * 0.05 || 1;
  const top = high + margin;
  return [low - margin, most !== undefined && top > most ? Math.max(high, most) + 0.15 * margin : top];
}

/** Round numbers between two ends, about four to seven of them; 1, 2, 5 of each decade on a logarithmic axis if these are enough. */
export function ticks(low: number, high: number, log: boolean): number[] {
  if (log) {
    const decades = logTicks(low, high, [1, 2, 5]);
    if (decades.length > 7) return thinned(logTicks(low, high, [1]));
    if (decades.length >= 3) return decades;
  }
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function logTicks(low: number, high: number, factors: readonly number[]): number[] {
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(12));
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found;
}

function thinned(values: readonly number[]): number[] {
  const every = Math.ceil(values.length / 7);
  return values.filter((_, index) => index % every === 0);
}
