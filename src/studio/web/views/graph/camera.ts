/** Where the reader stands: a place of the graph at the canvas's upper left corner, and how large a pixel of it is drawn. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

const [SMALLEST, LARGEST] = [0.005, 3];

/** The graph's beginning, as wide as it is where that can be read, else in its middle. */
export function firstCamera(graph: Extent, canvas: Extent): Camera {
  const zoom = Math.min(1, Math.max(0.45, (canvas.width - 32) / Math.max(1, graph.width)));
  return { x: graph.width / 2 - canvas.width / 2 / zoom, y: -16 / zoom, zoom };
}

/** All of the graph. */
export function wholeCamera(graph: Extent, canvas: Extent): Camera {
  const zoom = clamped(Math.min((canvas.width - 24) / graph.width, (canvas.height - 24) / graph.height, 1.5));
  return { x: graph.width / 2 - canvas.width / 2 / zoom, y: graph.height / 2 - canvas.height / 2 / zoom, zoom };
}

/** @param at pixels of the canvas that stay where they are. */
export function zoomedCamera({ x, y, zoom }: Camera, factor: number, at: { readonly x: number; readonly y: number }): Camera {
  const next = clamped(zoom * factor);
  return { x: x + at.x / zoom - at.x / next, y: y + at.y / zoom - at.y / next, zoom: next };
}

/** With a place of the graph in the middle, large enough to be read. */
export function centeredCamera({ zoom }: Camera, at: { readonly x: number; readonly y: number }, canvas: Extent): Camera {
  const next = Math.max(zoom, 0.7);
  return { x: at.x - canvas.width / 2 / next, y: at.y - canvas.height / 2 / next, zoom: next };
}

function clamped(zoom: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, zoom));
}
