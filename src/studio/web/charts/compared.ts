import type { Measure } from '../../../report/info/index.js';
import type { RunInfo } from '../../../strategies/index.js';
import { type Compared, frontPicture } from '../../view/index.js';
import { around, axisOption, scaled } from './axes.js';
import { SHAPES, seriesColor, type Theme } from './theme.js';

/** The fronts of runs in one plane, with the models that are compared ringed. Each run has a colour and a shape. */
export function comparedOption(runs: readonly (readonly [string, RunInfo])[], columns: readonly Compared[], x: Measure, y: Measure) {
  const pictures = runs.map(([, info]) => frontPicture(info, x.name, y.name));
  const main = pictures.map((picture) => picture?.points.filter(({ role }) => role !== 'other') ?? []);
  const compared = columns.flatMap(({ model }): (readonly [number, number])[] => {
    const [atX, atY] = [x.value(model), y.value(model)];
    return atX === undefined || atY === undefined ? [] : [[atX, atY]];
  });
  const rangeX = around([...main.flatMap((points) => points.map((point) => point.x)), ...compared.map(([at]) => at)], isCost(x));
  const rangeY = around([...main.flatMap((points) => points.map((point) => point.y)), ...compared.map(([, at]) => at)], isCost(y));
  const place = (atX: number, atY: number) => [scaled(atX, rangeX.log), scaled(atY, rangeY.log)];
  return (theme: Theme) => ({
    grid: { left: 64, right: 18, top: 30, bottom: 46 },
    xAxis: axisOption(rangeX, x.label, x.format, theme, 'x'),
    yAxis: axisOption(rangeY, y.label, y.format, theme, 'y'),
    series: [
      ...pictures.flatMap((picture, index) => {
        const color = seriesColor(theme, index);
        const symbol = SHAPES[index % SHAPES.length];
        return [
          {
            type: 'line',
            silent: true,
            symbol: 'none',
            data: picture?.line.map((point) => place(point.x, point.y)) ?? [],
            lineStyle: { color, opacity: 0.7 },
          },
          {
            type: 'scatter',
            silent: true,
            symbol,
            symbolSize: 10,
            data: main[index].map((point) => place(point.x, point.y)),
            itemStyle: { color },
          },
        ];
      }),
      {
        type: 'scatter',
        silent: true,
        symbolSize: 18,
        data: compared.map(([atX, atY]) => place(atX, atY)),
        itemStyle: { color: 'transparent', borderColor: theme.ink, borderWidth: 1.5 },
      },
    ],
  });
}

function isCost({ name }: Measure): boolean {
  return name !== 'quality' && name !== 'test';
}
