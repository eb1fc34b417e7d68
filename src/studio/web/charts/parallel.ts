import type { ECharts } from 'echarts/core';
import type { LiveTrial } from '../../../strategies/index.js';
import { type Brushes, isBrushed, type ParallelAxis } from '../../view/index.js';
import { around, axisOption, scaled, unscaled } from './axes.js';
import { drawable } from './text.js';
import type { Theme } from './theme.js';

/** A line for each trial; those that are not kept are pale. @param trials those that are drawn. */
export function parallelOption(axes: readonly ParallelAxis[], trials: readonly LiveTrial[], brushes: Brushes) {
  const lines = trials.map((trial) => ({
    kept: isBrushed(trial, axes, brushes),
    value: axes.map((axis) => {
      const value = axis.value(trial);
      return typeof value === 'number' ? scaled(value, axis.log) : value === undefined ? Number.NaN : drawable(value);
    }),
  }));
  const kept = lines.filter((line) => line.kept).map(({ value }) => value);
  const others = lines.filter((line) => !line.kept).map(({ value }) => value);
  return (theme: Theme) => ({
    parallel: { left: 52, right: 64, top: 48, bottom: 24 },
    parallelAxis: axes.map((axis, dim) => ({ ...axisFor(axis, trials, theme), dim, id: axis.key })),
    series: [
      linesOf('others', others, theme.soft, 0.3),
      linesOf('kept', kept, theme.front, Math.max(0.12, Math.min(0.75, 40 / (kept.length + 1)))),
    ],
  });
}

function linesOf(id: string, data: readonly unknown[], color: string, opacity: number) {
  // What is kept is said by us, not by the chart: choices may be kept that are no neighbours.
  const lineStyle = { color, opacity, width: 1 };
  return { id, type: 'parallel', silent: true, data, lineStyle, activeOpacity: opacity, inactiveOpacity: opacity, progressive: 0 };
}

function axisFor(axis: ParallelAxis, trials: readonly LiveTrial[], theme: Theme) {
  const shared = {
    name: drawable(axis.label.length > 18 ? `${axis.label.slice(0, 17)}…` : axis.label),
    nameLocation: 'end',
    nameGap: 14,
    nameTextStyle: { color: theme.ink, fontSize: 11, align: 'center' },
    realtime: false,
    areaSelectStyle: { width: 16, borderColor: theme.second, color: theme.second, opacity: 0.25 },
    axisLine: { lineStyle: { color: theme.muted } },
  };
  if (axis.choices)
    return {
      ...shared,
      type: 'category',
      data: axis.choices.map(drawable),
      axisLabel: { color: theme.muted, fontSize: 11, width: 80, overflow: 'truncate' },
    };
  const values = trials.flatMap((trial) => axis.value(trial) ?? []) as number[];
  const { low, high, log } = axis.log ? around(values, true) : around(values);
  const { min, max, axisTick, axisLabel } = axisOption({ low, high, log: log && axis.log }, '', axis.text, theme, 'x');
  return { ...shared, type: 'value', min, max, axisTick, axisLabel: { ...axisLabel, fontSize: 11 } };
}

/** Tells of each axis that is brushed in the chart. @returns a function that ends it. */
export function onBrushed(
  chart: ECharts,
  axes: () => readonly ParallelAxis[],
  tell: (key: string, brush: Brushes[string] | undefined) => void,
): () => void {
  const read = ({ parallelAxisId, intervals }: { parallelAxisId?: string; intervals?: readonly (readonly [number, number])[] }) => {
    const axis = axes().find(({ key }) => key === parallelAxisId);
    if (axis) tell(axis.key, intervals?.[0] && brushOf(axis, intervals[0]));
  };
  chart.on('axisareaselected', read as never);
  return () => chart.off('axisareaselected', read as never);
}

function brushOf(axis: ParallelAxis, [a, b]: readonly [number, number]): Brushes[string] {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  if (axis.choices) return axis.choices.filter((_, index) => index >= low - 0.5 && index <= high + 0.5);
  return [unscaled(low, axis.log), unscaled(high, axis.log)];
}

/** Shows in the chart what was set elsewhere. */
export function showBrushes(chart: ECharts, axes: readonly ParallelAxis[], brushes: Brushes): void {
  for (const axis of axes) {
    const brush = Object.hasOwn(brushes, axis.key) ? brushes[axis.key] : undefined;
    const ends = brush && !axis.choices ? [(brush as readonly number[]).map((value) => scaled(value, axis.log))] : [];
    if (!axis.choices || !brush)
      chart.dispatchAction({ type: 'axisAreaSelect', parallelAxisId: axis.key, intervals: ends }, { silent: true });
  }
}
