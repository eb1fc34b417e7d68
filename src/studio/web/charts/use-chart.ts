import type { ECharts } from 'echarts/core';
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A chart in an element, as large as it; undefined until its library is loaded. */
export function useChart(place: RefObject<HTMLElement | null>): ECharts | undefined {
  const [chart, setChart] = useState<ECharts>();
  useEffect(() => {
    const element = place.current;
    let made: ECharts | undefined;
    let isGone = false;
    const observer = new ResizeObserver(() => made?.resize());
    void import('./engine.js').then(({ chartIn }) => {
      if (isGone || !element) return;
      made = chartIn(element);
      observer.observe(element);
      setChart(made);
    });
    return () => {
      isGone = true;
      observer.disconnect();
      made?.dispose();
    };
  }, [place]);
  return chart;
}

/** How wide an element is, in pixels. */
export function useWidth(place: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return width;
}
