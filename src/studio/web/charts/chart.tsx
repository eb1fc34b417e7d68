import type { ECharts, EChartsCoreOption } from 'echarts/core';
import { useEffect, useRef } from 'preact/hooks';
import { type Theme, useTheme } from './theme.js';
import { useChart } from './use-chart.js';

export interface ChartProps {
  /** What it shows, for those who do not see it; its figures stand in a table beside it. */
  readonly label: string;
  /** Pixels. */
  readonly height: number;
  readonly option: (theme: Theme) => EChartsCoreOption;
  /** Called once, with the chart; returns what is to be done when it goes. */
  readonly onReady?: (chart: ECharts) => undefined | (() => void);
}

/** A chart on a canvas, drawn anew where `option` is another function; as wide as its place. */
export function Chart({ label, height, option, onReady }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useChart(place);
  const theme = useTheme();

  // Once for each chart.
  useEffect(() => (chart ? onReady?.(chart) : undefined), [chart]);

  useEffect(() => {
    chart?.setOption({ ...base(theme), ...option(theme) }, { replaceMerge: ['series'] });
  }, [chart, option, theme]);

  return (
    <div class="chart-place" role="img" aria-label={label}>
      <div ref={place} class="chart-canvas" style={{ height: `${height}px` }} />
    </div>
  );
}

/** What all charts share. They are calm: things move where the reader moves them. */
export function base(theme: Theme): EChartsCoreOption {
  return { animation: false, textStyle: { fontFamily: theme.font, color: theme.ink } };
}
