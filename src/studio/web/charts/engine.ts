import { BarChart, CustomChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, ParallelComponent } from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

// Loaded when the first chart is drawn: as much of ECharts as the charts need.
use([BarChart, CustomChart, LineChart, ParallelChart, ScatterChart, GridComponent, MarkLineComponent, ParallelComponent, CanvasRenderer]);

/** An empty chart in an element, as large as it. */
export function chartIn(element: HTMLElement): ECharts {
  return init(element);
}
