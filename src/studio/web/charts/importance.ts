import { formatShare } from '../../../report/info/index.js';
import { parameterName } from '../../view/index.js';
import { drawable } from './text.js';
import type { Theme } from './theme.js';

/** A bar for each parameter, the 16 largest. */
export function importanceOption(shares: readonly (readonly [string, number])[]) {
  const seen = shares.slice(0, 16);
  return (theme: Theme) => ({
    grid: { left: 150, right: 56, top: 4, bottom: 28 },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.ceil(10 * Math.max(0.1, ...seen.map(([, share]) => share))) / 10,
      axisLabel: { color: theme.muted, formatter: formatShare, hideOverlap: true },
      splitLine: { lineStyle: { color: theme.grid } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: seen.map(([name]) => drawable(parameterName(name))),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.muted } },
      axisLabel: { color: theme.ink, width: 136, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        silent: true,
        data: seen.map(([, share]) => share),
        barMaxWidth: 14,
        itemStyle: { color: theme.front },
        label: { show: true, position: 'right', color: theme.muted, formatter: ({ value }: { value: number }) => formatShare(value) },
      },
    ],
  });
}
