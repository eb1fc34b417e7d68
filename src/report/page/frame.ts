import type { ScatterAxis, ScatterPlace } from '../info/index.js';
import type { State } from './state.js';

/** Width of a character of a tick, about, in the plot's units, and what an axis takes beside its ticks. */
const CHARACTER = 7;
const [TOP, RIGHT, BOTTOM, LEFT] = [30, 14, 44, 14];

/** Where things are in the plot: shares of an axis become its units. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function frameFor(width: number, y: ScatterAxis): Frame {
  const wide = Math.max(260, width);
  const height = Math.round(Math.min(470, Math.max(310, wide * 0.62)));
  return { width: wide, height, left: LEFT + longest(y) * CHARACTER, right: wide - RIGHT, top: TOP, bottom: height - BOTTOM };
}

export const across = ({ left, right }: Frame, share: number) => left + share * (right - left);
export const up = ({ top, bottom }: Frame, share: number) => bottom - share * (bottom - top);

/** Units between the ticks of the axis across that have a text. */
export function tickRoom(x: ScatterAxis): number {
  return longest(x) * CHARACTER + 10;
}

function longest({ ticks }: ScatterAxis): number {
  return Math.max(...ticks.map(({ text }) => text.length));
}

/** Where a model is by both axes; undefined where it is not shown. */
export function placesOf(state: State, index: number): { x: ScatterPlace; y: ScatterPlace } | undefined {
  const [x, y] = [state.axis('x').places[index], state.axis('y').places[index]];
  return x && y && !state.isHidden(index) ? { x, y } : undefined;
}
