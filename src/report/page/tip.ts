import { across, type Frame, placesOf, up } from './frame.js';
import { tag } from './nodes.js';
import type { State } from './state.js';

const ROLES = { baseline: 'the original', front: 'on the front', other: 'beaten, or outside the limits' } as const;
/** Pixels between a point and what is said of it. */
const GAP = 16;

/** What is said of a model beside its point. */
export class Tip {
  readonly #plot: HTMLElement;
  readonly #state: State;
  readonly #tip: HTMLElement;

  constructor(plot: HTMLElement, state: State) {
    this.#plot = plot;
    this.#state = state;
    this.#tip = tag(plot, 'div', undefined, 'tip');
    this.#tip.hidden = true;
  }

  hide(): void {
    this.#tip.hidden = true;
  }

  show(index: number, frame: Frame): void {
    const at = placesOf(this.#state, index);
    if (!at) return;
    const { axes, models } = this.#state.data;
    const { label, role } = models[index];
    const tip = this.#tip;
    tip.replaceChildren();
    tag(tip, 'b', label);
    tag(tip, 'span', ROLES[role], 'quiet');
    const list = tag(tip, 'dl');
    for (const axis of axes) {
      const found = axis.places[index];
      if (!found) continue;
      tag(list, 'dt', axis.label);
      tag(list, 'dd', found.text);
    }
    tip.hidden = false;
    this.#place(across(frame, at.x.at), up(frame, at.y.at), frame);
  }

  /** To the right of the point where there is room. */
  #place(x: number, y: number, frame: Frame): void {
    const { clientWidth, clientHeight } = this.#plot;
    const { offsetWidth, offsetHeight } = this.#tip;
    const scale = clientWidth / frame.width;
    const [px, py] = [x * scale, y * scale];
    const right = px + GAP;
    const left = right + offsetWidth > clientWidth ? Math.max(0, px - GAP - offsetWidth) : right;
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${Math.max(0, Math.min(py - offsetHeight / 2, clientHeight - offsetHeight))}px`;
  }
}
