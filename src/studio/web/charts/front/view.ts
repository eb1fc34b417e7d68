import type { FrontPicture, FrontPoint } from '../../../view/index.js';
import { scaled, unscaled } from '../axes.js';

/** Pixels around the plot. */
export const MARGIN = { left: 64, right: 18, top: 30, bottom: 46 } as const;

/** What is seen of the plane, in the measures' units. */
export interface View {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
}

/** Pixels from the chart's upper left corner. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Places in the plot: x and y in pixels from the chart's upper left corner. */
export class Plane {
  readonly #ends: readonly (readonly [number, number])[];
  readonly #logs: readonly [boolean, boolean];
  readonly #box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  /** Of the chart. */
  readonly size: Size;

  constructor({ x, y }: Pick<FrontPicture, 'x' | 'y'>, view: View, size: Size) {
    const { width, height } = size;
    this.size = size;
    this.#logs = [x.log, y.log];
    this.#ends = [scaledEnds(view.x, x.log), scaledEnds(view.y, y.log)];
    const { left, right, top, bottom } = MARGIN;
    this.#box = { left, top, width: Math.max(1, width - left - right), height: Math.max(1, height - top - bottom) };
  }

  /** The plot's, in pixels. */
  get edges(): { left: number; top: number; right: number; bottom: number } {
    const { left, top, width, height } = this.#box;
    return { left, top, right: left + width, bottom: top + height };
  }

  /** From places on the axes' scales to pixels: x is `fromX + perX * place`, y likewise. */
  get mapping(): readonly [fromX: number, perX: number, fromY: number, perY: number] {
    const [[lowX, highX], [lowY, highY]] = this.#ends;
    const { left, top, width, height } = this.#box;
    const [perX, perY] = [width / (highX - lowX), -height / (highY - lowY)];
    return [left - perX * lowX, perX, top - perY * highY, perY];
  }

  place({ x, y }: { readonly x: number; readonly y: number }): { x: number; y: number } {
    const [fromX, perX, fromY, perY] = this.mapping;
    return { x: fromX + perX * scaled(x, this.#logs[0]), y: fromY + perY * scaled(y, this.#logs[1]) };
  }

  isInside({ x, y }: { readonly x: number; readonly y: number }): boolean {
    const { left, top, width, height } = this.#box;
    return x >= left - 8 && x <= left + width + 8 && y >= top - 8 && y <= top + height + 8;
  }

  /** The point nearest to a pixel, at most `reach` pixels away. Those of the front are preferred, as they lie on top. */
  nearest(points: readonly FrontPoint[], at: { readonly x: number; readonly y: number }, reach: number): FrontPoint | undefined {
    let found: FrontPoint | undefined;
    let least = reach ** 2;
    for (const point of points) {
      const place = this.place(point);
      const distance = (place.x - at.x) ** 2 + (place.y - at.y) ** 2 - (point.role === 'other' ? 0 : 40);
      if (distance < least && this.isInside(place)) [found, least] = [point, distance];
    }
    return found;
  }

  /** The view after the plot was dragged by so many pixels. */
  moved(dx: number, dy: number): View {
    const { width, height } = this.#box;
    return this.#view((low, high, side) => {
      const by = side === 0 ? (-dx / width) * (high - low) : (dy / height) * (high - low);
      return [low + by, high + by];
    });
  }

  /** The view with `factor` times as much of the plane, around a pixel. */
  zoomed(factor: number, at?: { readonly x: number; readonly y: number }): View {
    const { left, top, width, height } = this.#box;
    const shares = at ? [(at.x - left) / width, 1 - (at.y - top) / height] : [0.5, 0.5];
    return this.#view((low, high, side) => {
      const center = low + Math.min(1, Math.max(0, shares[side])) * (high - low);
      return [center - (center - low) * factor, center + (high - center) * factor];
    });
  }

  /** The view after two fingers went from some pixels to others: what was between them still is. */
  pinched(from: readonly [Spot, Spot], to: readonly [Spot, Spot]): View {
    const { left, top, width, height } = this.#box;
    const factor = Math.min(20, Math.max(0.05, distance(from) / Math.max(1, distance(to))));
    const [before, after] = [middle(from), middle(to)];
    const shares = [
      [(before.x - left) / width, (after.x - left) / width],
      [1 - (before.y - top) / height, 1 - (after.y - top) / height],
    ];
    return this.#view((low, high, side) => {
      const [was, is] = shares[side];
      const span = (high - low) * factor;
      const start = low + was * (high - low) - is * span;
      return [start, start + span];
    });
  }

  #view(change: (low: number, high: number, side: 0 | 1) => readonly [number, number]): View {
    const ends = ([0, 1] as const).map((side) => {
      const [low, high] = change(this.#ends[side][0], this.#ends[side][1], side);
      return [unscaled(low, this.#logs[side]), unscaled(high, this.#logs[side])] as const;
    });
    return { x: ends[0], y: ends[1] };
  }
}

function distance([a, b]: readonly [Spot, Spot]): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle([a, b]: readonly [Spot, Spot]): Spot {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function scaledEnds([low, high]: readonly [number, number], log: boolean): readonly [number, number] {
  return [scaled(low, log), scaled(high, log)];
}
