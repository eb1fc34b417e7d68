import { axisScale, finite, formatQuality, isMoreBetter, type Measure } from '../../../report/info/index.js';
import type { LiveTrial, ModelInfo } from '../../../strategies/index.js';
import type { HistoryPoint } from '../../view/index.js';
import { type AxisRange, around, axisOption, scaled } from './axes.js';
import { seriesColor, type Theme } from './theme.js';

const GRID = { left: 64, right: 18, top: 30, bottom: 42 };
const counted = (value: number) => (Number.isInteger(value) ? String(value) : '');

/** What each trial reached, and the best so far as a line of steps, beside the original. */
export function historyOption(points: readonly HistoryPoint[], measure: Measure, baseline: ModelInfo) {
  const original = measure.value(baseline);
  const isQuality = measure.name === 'quality' || measure.name === 'test';
  const range = rangeOf(points, measure, original, !isQuality);
  const last = points.at(-1)?.trial ?? 1;
  const at = (trial: number, value: number) => [trial, scaled(value, range.log)];
  return (theme: Theme) => ({
    grid: GRID,
    xAxis: axisOption({ low: -0.5, high: last + 0.5, log: false }, 'trial', counted, theme, 'x'),
    yAxis: axisOption(range, measure.label, measure.format, theme, 'y'),
    series: [
      {
        type: 'scatter',
        silent: true,
        large: true,
        data: points.map(({ trial, value }) => at(trial, value)),
        symbolSize: 5,
        itemStyle: { color: theme.other, opacity: 0.8 },
      },
      {
        type: 'line',
        silent: true,
        step: 'end',
        symbol: 'none',
        data: points.map(({ trial, best }) => at(trial, best)),
        lineStyle: { color: theme.front, width: 2 },
        ...(original !== undefined && {
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: theme.baseline, type: 'dashed' },
            label: { color: theme.baseline, formatter: 'original', position: 'insideEndTop' },
            data: [{ yAxis: scaled(original, range.log) }],
          },
        }),
      },
    ],
  });
}

/** The best and the original are always seen, trials that went wrong where they leave room. */
function rangeOf(points: readonly HistoryPoint[], measure: Measure, original: number | undefined, log: boolean): AxisRange {
  const needed = [...points.map(({ best }) => best), ...(original === undefined ? [] : [original])];
  const { ends, log: isLog } = axisScale({ measure, needed, wished: points.map(({ value }) => value), log });
  return { low: ends[0], high: ends[1], log: isLog };
}

/** What trials reached on the way, epoch by epoch. */
export function curvesOption(trials: readonly LiveTrial[], metric: string) {
  const points = trials.flatMap(({ curve }) => curve.flatMap(({ value }) => finite(value) ?? []));
  const steps = trials.flatMap(({ curve }) => curve.map(({ step }) => step));
  const range = around(points);
  const top = isMoreBetter(metric) && Math.max(...points) <= 1 ? Math.min(range.high, 1.001) : range.high;
  return (theme: Theme) => ({
    grid: { ...GRID, right: 42 },
    xAxis: axisOption({ low: Math.min(0, ...steps), high: Math.max(1, ...steps), log: false }, 'epoch', counted, theme, 'x'),
    yAxis: axisOption({ ...range, high: top }, '', (value) => formatQuality(metric, value), theme, 'y'),
    series: trials.map(({ number, state, curve }, index) => ({
      type: 'line',
      silent: true,
      symbol: state === 'running' ? 'circle' : 'none',
      symbolSize: 4,
      data: curve.map(({ step, value }) => [step, finite(value) ?? null]),
      lineStyle: { color: seriesColor(theme, index), width: state === 'running' ? 2.2 : 1, opacity: state === 'running' ? 1 : 0.5 },
      itemStyle: { color: seriesColor(theme, index) },
      endLabel: { show: state === 'running', formatter: String(number), color: theme.ink },
    })),
  });
}
