import type { Lane } from '../../view/index.js';
import { drawable } from './text.js';
import type { Theme } from './theme.js';

type Places = { coord(value: readonly number[]): [number, number]; value(dimension: number): number };

/** A bar for each trial from its beginning to its end, in the lane of whoever made it. */
export function timelineOption(lanes: readonly Lane[]) {
  const spans = lanes.flatMap(({ spans: list }, lane) => list.map((span) => ({ lane, ...span })));
  const begun = spans.reduce((least, span) => Math.min(least, span.begun), Number.POSITIVE_INFINITY);
  const ended = spans.reduce((most, span) => Math.max(most, span.ended), begun + 1000);
  return (theme: Theme) => {
    const colors = { running: theme.second, completed: theme.front, stopped: theme.other, failed: theme.bad };
    return {
      grid: { left: 110, right: 18, top: 10, bottom: 34 },
      xAxis: {
        type: 'time',
        min: begun,
        max: ended,
        axisLabel: { color: theme.muted, hideOverlap: true },
        axisLine: { lineStyle: { color: theme.muted } },
        splitLine: { show: true, lineStyle: { color: theme.grid } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: lanes.map(({ name }) => drawable(name)),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { color: theme.muted, width: 96, overflow: 'truncate' },
      },
      series: [
        {
          type: 'custom',
          silent: true,
          clip: true,
          data: spans.map(({ lane, begun: from, ended: to, trial }) => ({
            value: [from, to, lane, trial.number],
            itemStyle: { color: colors[trial.state] },
          })),
          encode: { x: [0, 1], y: 2 },
          renderItem: (_: unknown, places: Places & { visual(name: string): string }) => {
            const [left, y] = places.coord([places.value(0), places.value(2)]);
            const [right] = places.coord([places.value(1), places.value(2)]);
            const width = Math.max(2, right - left - 1);
            const bar = { type: 'rect', shape: { x: left, y: y - 9, width, height: 18, r: 2 }, style: { fill: places.visual('color') } };
            const text = { text: String(places.value(3)), x: left + 5, y, textVerticalAlign: 'middle', fill: theme.ground, fontSize: 11 };
            return { type: 'group', children: [bar, ...(width > 24 ? [{ type: 'text', style: text }] : [])] };
          },
        },
      ],
    };
  };
}
