import type { GraphInfo } from '../../../api/index.js';
import type { Theme } from '../../charts/theme.js';
import type { Camera, Extent } from './camera.js';
import { type Layout, NODE } from './layout.js';

export interface Picture {
  readonly graph: GraphInfo;
  readonly layout: Layout;
  /** Of each node, how hot it is, in [0, 1]. */
  readonly heats: Float32Array;
  readonly chosen?: number;
}

/** Zoom from which names can be read, and below which edges that are not of the chosen node are left out where they are many. */
const [READABLE, COARSE] = [0.4, 0.05];

/** Draws what the camera sees: of thousands of nodes those in sight. */
export function draw(context: CanvasRenderingContext2D, picture: Picture, camera: Camera, canvas: Extent, theme: Theme): void {
  const ratio = devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const { x, y, zoom } = camera;
  context.setTransform(ratio * zoom, 0, 0, ratio * zoom, -x * zoom * ratio, -y * zoom * ratio);
  const sight = { left: x, top: y, right: x + canvas.width / zoom, bottom: y + canvas.height / zoom };
  drawEdges(context, picture, sight, zoom, theme);
  drawNodes(context, picture, sight, zoom, theme);
}

interface Sight {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function drawEdges(context: CanvasRenderingContext2D, { graph, layout, chosen }: Picture, sight: Sight, zoom: number, theme: Theme): void {
  if (zoom < COARSE && layout.lines.length > 2000) return;
  const paths = [new Path2D(), new Path2D()];
  layout.lines.forEach((points, index) => {
    const last = points.length - 2;
    const [left, right] = points[0] < points[last] ? [points[0], points[last]] : [points[last], points[0]];
    // Long edges bend beyond their ends, by a node or two.
    const isOut = points[last + 1] < sight.top || points[1] > sight.bottom || right + 600 < sight.left || left - 600 > sight.right;
    if (isOut) return;
    const { from, to } = graph.edges[layout.edges[index]];
    const path = paths[from === chosen || to === chosen ? 1 : 0];
    path.moveTo(points[0], points[1]);
    for (let at = 2; at < points.length; at += 2) path.lineTo(points[at], points[at + 1]);
  });
  context.lineJoin = 'round';
  context.strokeStyle = theme.soft;
  context.lineWidth = Math.max(1.2, 0.6 / zoom);
  context.stroke(paths[0]);
  context.strokeStyle = theme.second;
  context.lineWidth = Math.max(2, 1.5 / zoom);
  context.stroke(paths[1]);
}

function drawNodes(context: CanvasRenderingContext2D, picture: Picture, sight: Sight, zoom: number, theme: Theme): void {
  const { graph, layout, heats, chosen } = picture;
  const [halfWidth, halfHeight] = [NODE.width / 2, NODE.height / 2];
  const isReadable = zoom >= READABLE;
  context.textBaseline = 'middle';
  for (let index = 0; index < graph.nodes.length; index++) {
    const [x, y] = [layout.centers[2 * index], layout.centers[2 * index + 1]];
    if (x + halfWidth < sight.left || x - halfWidth > sight.right || y + halfHeight < sight.top || y - halfHeight > sight.bottom) continue;
    const node = graph.nodes[index];
    const isEnd = node.kind !== 'operator';
    context.fillStyle = isEnd ? theme.soft : theme.ground;
    box(context, x, y, isReadable);
    context.fill();
    if (!isEnd && heats[index] > 0) {
      context.globalAlpha = 0.12 + 0.78 * heats[index];
      context.fillStyle = theme.baseline;
      context.fill();
      context.globalAlpha = 1;
    }
    context.lineWidth = index === chosen ? Math.max(3, 2 / zoom) : Math.max(1, 0.5 / zoom);
    context.strokeStyle = index === chosen ? theme.second : theme.muted;
    context.stroke();
    if (isReadable) label(context, node.op, node.name, x - halfWidth + 8, y, theme);
  }
}

function box(context: CanvasRenderingContext2D, x: number, y: number, isRound: boolean): void {
  context.beginPath();
  if (isRound) context.roundRect(x - NODE.width / 2, y - NODE.height / 2, NODE.width, NODE.height, 6);
  else context.rect(x - NODE.width / 2, y - NODE.height / 2, NODE.width, NODE.height);
}

function label(context: CanvasRenderingContext2D, op: string, name: string, x: number, y: number, theme: Theme): void {
  context.fillStyle = theme.ink;
  context.font = `600 12px ${theme.font}`;
  context.fillText(shortened(op, 20), x, y - 8);
  context.font = `10.5px ${theme.font}`;
  context.fillText(shortened(name, 25), x, y + 9);
}

/** The end tells layers apart: "…/layer3/conv2". */
function shortened(text: string, most: number): string {
  return text.length > most ? `…${text.slice(1 - most)}` : text;
}

/** The node at a place of the graph. */
export function nodeAt({ centers }: Layout, { x, y }: { readonly x: number; readonly y: number }): number | undefined {
  for (let index = 0; index < centers.length / 2; index++) {
    if (Math.abs(centers[2 * index] - x) <= NODE.width / 2 && Math.abs(centers[2 * index + 1] - y) <= NODE.height / 2) return index;
  }
  return undefined;
}
