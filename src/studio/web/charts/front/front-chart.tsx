import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FrontPicture, FrontPoint } from '../../../view/index.js';
import { announce } from '../../app/announce.js';
import { base } from '../chart.js';
import { useTheme } from '../theme.js';
import { useChart, useWidth } from '../use-chart.js';
import { Cloud } from './cloud.js';
import { FrontTip, pointInWords } from './front-tip.js';
import { Gesture } from './gesture.js';
import { frontOption, viewOption } from './option.js';
import { useView } from './use-view.js';
import { MARGIN, Plane } from './view.js';

export interface FrontChartProps {
  readonly picture: FrontPicture;
  /** The model whose details are open, by its place among all models. */
  readonly chosen?: number;
  readonly onChoose: (point: FrontPoint) => void;
}

const HEIGHT = 380;
/** Pixels from a point within which the pointer means it. */
const REACH = 14;

/** Models by two measures: point at one to see what it is, click or press Enter to open it, drag to move, turn the wheel with Ctrl or pinch to zoom. */
export function FrontChart({ picture, chosen, onChoose }: FrontChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const dots = useRef<HTMLCanvasElement>(null);
  const chart = useChart(place);
  const theme = useTheme();
  const { view, change } = useView(picture);
  const [current, setCurrent] = useState<number | undefined>();
  const gesture = useMemo(() => new Gesture(), []);
  const point = picture.points.find(({ index }) => index === current);
  const width = useWidth(place);
  const plane = useMemo(() => new Plane(picture, view, { width, height: HEIGHT }), [picture, view, width]);
  const series = useMemo(() => frontOption(picture, chosen, theme), [picture, chosen, theme]);

  useEffect(() => {
    const grid = { ...MARGIN, outerBoundsMode: 'none' };
    chart?.setOption({ ...base(theme), grid, series, ...viewOption(picture, view, theme) }, { replaceMerge: ['series'], lazyUpdate: true });
  }, [chart, series, theme]);
  // In the frame in which the view changes, and not in two: what is dragged costs one paint.
  useLayoutEffect(() => {
    chart?.setOption(viewOption(picture, view, theme));
    chart?.getZr().flush();
  }, [chart, picture, view, theme]);

  const cloud = useMemo(() => new Cloud(picture), [picture]);
  useLayoutEffect(() => {
    if (dots.current) cloud.draw(dots.current, plane, theme.other);
  }, [cloud, plane, theme]);

  const order = useMemo(() => [...picture.points].sort((a, b) => a.x - b.x || a.y - b.y), [picture]);
  const go = (next: FrontPoint | undefined) => {
    if (!next) return;
    setCurrent(next.index);
    announce(pointInWords(next, picture));
  };
  const among = (all: boolean) => (all ? order : order.filter(({ role }) => role !== 'other'));
  /** To the next of the front and the baseline, or of all models. */
  const step = (by: 1 | -1, all: boolean) => {
    const models = among(all);
    const from = models.findIndex(({ index }) => index === current);
    go(models.at(from < 0 ? (by > 0 ? 0 : -1) : Math.min(models.length - 1, Math.max(0, from + by))));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowRight: () => step(1, event.shiftKey),
      ArrowLeft: () => step(-1, event.shiftKey),
      ArrowDown: () => step(1, true),
      ArrowUp: () => step(-1, true),
      Home: () => go(among(event.shiftKey).at(0)),
      End: () => go(among(event.shiftKey).at(-1)),
      Enter: () => point && onChoose(point),
      ' ': () => point && onChoose(point),
      Escape: () => setCurrent(undefined),
      '+': () => change(plane.zoomed(0.7)),
      '-': () => change(plane.zoomed(1 / 0.7)),
      '0': () => change('front'),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  };
  const at = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!gesture.isGoingOn) return setCurrent(plane.nearest(picture.points, at(event), REACH)?.index);
    const next = gesture.move(event.pointerId, at(event));
    if (next) change(next);
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    gesture.down(event.pointerId, at(event), plane);
  };
  const onPointerUp = (event: PointerEvent) => {
    if (!gesture.up(event.pointerId, plane)) return;
    const found = plane.nearest(picture.points, at(event), REACH);
    if (found) onChoose(found);
  };
  const onPointerCancel = (event: PointerEvent) => gesture.cancel(event.pointerId, plane);
  // One finger that goes up or down scrolls the page; two are the plot's.
  const onTouch = (event: TouchEvent) => {
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  };
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    change(plane.zoomed(event.deltaY > 0 ? 1.15 : 1 / 1.15, at(event)));
  };

  return (
    <div class="front-chart">
      <div class="chart-tools">
        <button type="button" aria-label="Zoom in" onClick={() => change(plane.zoomed(0.7))}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => change(plane.zoomed(1 / 0.7))}>
          −
        </button>
        <button type="button" onClick={() => change('front')}>
          Front
        </button>
        <button type="button" onClick={() => change('all')}>
          All
        </button>
      </div>
      <div
        class="front-plot"
        role="application"
        aria-label={`Models by ${picture.x.measure.label} and ${picture.y.measure.label}`}
        aria-describedby="front-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={onPointerMove}
        onPointerDown={onPointerDown}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerCancel}
        onPointerLeave={() => !gesture.isGoingOn && setCurrent(undefined)}
        onTouchStart={onTouch}
        onTouchMove={onTouch}
        onWheel={onWheel}
      >
        <div class="drawn" aria-hidden="true">
          <canvas ref={dots} class="dots" style={{ height: `${HEIGHT}px` }} />
          <div ref={place} class="chart-canvas" style={{ height: `${HEIGHT}px` }} />
        </div>
        {point && <FrontTip point={point} picture={picture} place={plane.place(point)} width={width} />}
      </div>
      <p id="front-keys" class="quiet keys">
        Arrow keys go along the front, with Shift or up and down among all models; Enter opens one; + and - zoom, 0 goes back. Drag to move,
        with two fingers to zoom, too.
      </p>
    </div>
  );
}
