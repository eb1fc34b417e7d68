import type { FrontAxis, FrontPicture, FrontPoint } from '../../../view/index.js';
import { axisOption, scaled } from '../axes.js';
import type { Theme } from '../theme.js';
import type { View } from './view.js';

/** What changes with the models, but for the cloud of those that are not on the front. */
export function frontOption({ x, y, points, line }: FrontPicture, chosen: number | undefined, theme: Theme) {
  const at = (point: FrontPoint) => [scaled(point.x, x.log), scaled(point.y, y.log)];
  const of = (role: FrontPoint['role']) => points.filter((point) => point.role === role).map(at);
  const selected = points.filter(({ index }) => index === chosen).map(at);
  const dot = { type: 'scatter', silent: true, clip: true } as const;
  return [
    {
      id: 'line',
      type: 'line',
      step: false,
      silent: true,
      clip: true,
      symbol: 'none',
      data: line.map(at),
      lineStyle: { color: theme.front, width: 1.5, opacity: 0.75 },
      markLine: limitLines(x, y, theme),
    },
    {
      ...dot,
      id: 'front',
      data: of('front'),
      symbolSize: 11,
      itemStyle: { color: theme.front, borderColor: theme.ground, borderWidth: 1.5 },
    },
    {
      ...dot,
      id: 'baseline',
      data: of('baseline'),
      symbol: 'diamond',
      symbolSize: 15,
      itemStyle: { color: theme.baseline, borderColor: theme.ground, borderWidth: 1.5 },
    },
    { ...dot, id: 'chosen', data: selected, symbolSize: 18, itemStyle: { color: 'transparent', borderColor: theme.ink, borderWidth: 2 } },
  ];
}

/** The axes between the ends that are seen. */
export function viewOption({ x, y }: Pick<FrontPicture, 'x' | 'y'>, view: View, theme: Theme) {
  return {
    xAxis: axisOption({ low: view.x[0], high: view.x[1], log: x.log }, x.measure.label, x.measure.format, theme, 'x'),
    yAxis: axisOption({ low: view.y[0], high: view.y[1], log: y.log }, y.measure.label, y.measure.format, theme, 'y'),
  };
}

function limitLines(x: FrontAxis, y: FrontAxis, theme: Theme) {
  const line = (side: 'xAxis' | 'yAxis', { limit, log, measure }: FrontAxis) =>
    limit === undefined ? [] : [{ [side]: scaled(limit, log), label: { formatter: `limit ${measure.format(limit)}` } }];
  return {
    silent: true,
    symbol: 'none',
    data: [...line('xAxis', x), ...line('yAxis', y)],
    lineStyle: { color: theme.bad, type: 'dashed', width: 1.5 },
    label: { color: theme.bad, fontSize: 11, position: 'insideEndTop' },
  };
}
