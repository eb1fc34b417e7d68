/** A rectangle by its corner, in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface LabelRequest {
  /** The point that the label belongs to. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Something that a label should keep off, as if touching it were `cost` pixels further away. */
export interface Line extends Box {
  cost: number;
}

/**
 * Places labels beside their points, one after the other: the nearest of some places around the point that is inside `area` and touches neither
 * an obstacle nor an earlier label. Undefined where there is no place.
 */
export function placeLabels(
  requests: readonly LabelRequest[],
  obstacles: readonly Box[],
  lines: readonly Line[],
  area: Box,
): (Box | undefined)[] {
  const taken = [...obstacles];
  return requests.map((request) => {
    const free = candidates(request).filter((each) => isInside(each, area) && !taken.some((other) => overlap(each, other)));
    const cost = (box: Box) => lines.reduce((sum, line) => sum + (overlap(box, line) ? line.cost : 0), distance(box, request));
    const box = free.reduce<Box | undefined>((best, each) => (best && cost(best) <= cost(each) ? best : each), undefined);
    if (box) taken.push(box);
    return box;
  });
}

/** Right, left, above, below, and then the same further away. */
function candidates({ x, y, width, height }: LabelRequest): Box[] {
  const at = (left: number, top: number): Box => ({ x: left, y: top, width, height });
  const found: Box[] = [];
  for (const gap of [9, 18, 32, 50, 72]) {
    const [right, left, above, below, middle] = [x + gap, x - gap - width, y - gap - height, y + gap, y - height / 2];
    if (gap === 9) found.push(at(right, middle), at(left, middle));
    found.push(at(x - width / 2, above), at(x - width / 2, below), at(right - 4, above + 4), at(right - 4, below - 4));
    found.push(at(left + 4, above + 4), at(left + 4, below - 4), at(x - width / 4, above), at(x - width / 4, below));
  }
  return found;
}

/** From the point to the nearest place of the box. */
function distance(box: Box, { x, y }: LabelRequest): number {
  const across = Math.max(box.x - x, 0, x - box.x - box.width);
  const down = Math.max(box.y - y, 0, y - box.y - box.height);
  return Math.hypot(across, down);
}

function isInside(box: Box, area: Box): boolean {
  return box.x >= area.x && box.y >= area.y && box.x + box.width <= area.x + area.width && box.y + box.height <= area.y + area.height;
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
