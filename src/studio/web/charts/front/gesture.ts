import type { Plane, Spot, View } from './view.js';

/** Pixels that a finger may stray from where it came down and still mean that place. */
const STRAY = 4;

/** What fingers, or a mouse, do with the plane: one moves it, two move and zoom it. */
export class Gesture {
  readonly #spots = new Map<number, Spot>();
  /** Where they were, and what was seen, when the latest came down or went up. */
  #from: readonly Spot[] = [];
  #plane: Plane | undefined;
  #hasMoved = false;

  get isGoingOn(): boolean {
    return this.#spots.size > 0;
  }

  down(pointer: number, at: Spot, plane: Plane): void {
    if (this.#spots.size === 0) this.#hasMoved = false;
    this.#spots.set(pointer, at);
    this.#begin(plane);
  }

  /** @returns what is seen from now on; undefined where nothing changes. */
  move(pointer: number, at: Spot): View | undefined {
    if (!this.#spots.has(pointer) || !this.#plane) return undefined;
    this.#spots.set(pointer, at);
    const [first, second] = this.#spots.values();
    const [a, b] = this.#from;
    if (second && b) {
      this.#hasMoved = true;
      return this.#plane.pinched([a, b], [first, second]);
    }
    const [dx, dy] = [first.x - a.x, first.y - a.y];
    this.#hasMoved ||= Math.hypot(dx, dy) > STRAY;
    return this.#hasMoved ? this.#plane.moved(dx, dy) : undefined;
  }

  /** @returns whether it was a tap, or a click. */
  up(pointer: number, plane: Plane): boolean {
    const isTap = this.#spots.delete(pointer) && !this.#hasMoved;
    this.#begin(plane);
    return isTap && this.#spots.size === 0;
  }

  /** The browser took the pointer for something else, such as scrolling the page. */
  cancel(pointer: number, plane: Plane): void {
    this.#spots.delete(pointer);
    this.#begin(plane);
  }

  #begin(plane: Plane): void {
    this.#plane = plane;
    this.#from = [...this.#spots.values()];
  }
}
