import { useEffect, useRef, useState } from 'preact/hooks';
import { useTheme } from '../../charts/theme.js';
import { useWidth } from '../../charts/use-chart.js';
import { type Camera, centeredCamera, firstCamera, wholeCamera, zoomedCamera } from './camera.js';
import { draw, nodeAt, type Picture } from './draw.js';

const HEIGHT = 560;

/** The graph on a canvas: drag to move, turn the wheel with Ctrl to zoom, click a node to choose it. */
export function GraphCanvas({ picture, onChoose }: { picture: Picture; onChoose: (node: number | undefined) => void }) {
  const place = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const width = useWidth(place);
  const [camera, setCamera] = useState<Camera>();
  const drag = useRef<{ x: number; y: number; camera: Camera; moved: boolean } | undefined>(undefined);
  const frame = useRef(0);
  const { layout, chosen } = picture;
  const size = { width, height: HEIGHT };

  // Another graph is seen from its beginning.
  useEffect(() => {
    if (width > 0) setCamera((now) => now ?? firstCamera(layout, size));
  }, [layout, width]);
  // What is chosen in the list comes into sight.
  useEffect(() => {
    if (chosen === undefined || !camera) return;
    const at = { x: layout.centers[2 * chosen], y: layout.centers[2 * chosen + 1] };
    const isSeen = at.x > camera.x && at.x < camera.x + width / camera.zoom && at.y > camera.y && at.y < camera.y + HEIGHT / camera.zoom;
    if (!isSeen) setCamera(centeredCamera(camera, at, size));
  }, [chosen]);
  // Size is made of width.
  useEffect(() => {
    const canvas = place.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !camera) return;
    frame.current = requestAnimationFrame(() => {
      canvas.width = width * devicePixelRatio;
      canvas.height = HEIGHT * devicePixelRatio;
      draw(context, picture, camera, size, theme);
    });
    return () => cancelAnimationFrame(frame.current);
  }, [picture, camera, width, theme]);

  const zoom = (factor: number, at = { x: width / 2, y: HEIGHT / 2 }) => setCamera((now) => now && zoomedCamera(now, factor, at));
  const move = (x: number, y: number) => setCamera((now) => now && { ...now, x: now.x + x / now.zoom, y: now.y + y / now.zoom });
  const at = (event: MouseEvent) => ({ x: event.offsetX, y: event.offsetY });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => move(-80, 0),
      ArrowRight: () => move(80, 0),
      ArrowUp: () => move(0, -80),
      ArrowDown: () => move(0, 80),
      '+': () => zoom(1.25),
      '-': () => zoom(0.8),
      '0': () => setCamera(wholeCamera(layout, size)),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || !camera) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, y: event.clientY, camera, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = drag.current;
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    from.moved ||= Math.hypot(dx, dy) > 4;
    if (from.moved) setCamera({ ...from.camera, x: from.camera.x - dx / from.camera.zoom, y: from.camera.y - dy / from.camera.zoom });
  };
  const onPointerUp = (event: PointerEvent) => {
    const from = drag.current;
    drag.current = undefined;
    if (!from || from.moved || !camera) return;
    const { x, y } = at(event);
    onChoose(nodeAt(layout, { x: camera.x + x / camera.zoom, y: camera.y + y / camera.zoom }));
  };
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1 / 1.15 : 1.15, at(event));
  };
  return (
    <>
      <div class="chart-tools">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(1.25)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.8)}>
          −
        </button>
        <button type="button" onClick={() => setCamera(wholeCamera(layout, size))}>
          All
        </button>
        <button type="button" onClick={() => setCamera(firstCamera(layout, size))}>
          Beginning
        </button>
      </div>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: an application takes keys */}
      <canvas
        ref={place}
        class="graph-canvas"
        style={{ height: `${HEIGHT}px` }}
        role="application"
        aria-label={`Graph of ${picture.graph.nodes.length} nodes; the list of layers beside it says the same. Arrow keys move, + and - zoom, 0 shows all.`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          drag.current = undefined;
        }}
        onWheel={onWheel}
      />
    </>
  );
}
