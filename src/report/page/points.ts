import type { PageModel } from '../render/html/page-data.js';
import { across, type Frame, placesOf, up } from './frame.js';
import { shape } from './nodes.js';
import type { State } from './state.js';

/** What a point is told. */
export interface PointActions {
  onChoose(index: number): void;
  onShow(index: number): void;
  onHide(): void;
}

const RADIUS = { baseline: 9, front: 10, other: 5 } as const;
/** Units around its centre within which a finger meets a point. */
const REACH = 12;
/** What lies above what. */
const LEVEL = { other: 0, front: 1, baseline: 2 } as const;
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** The points of the plot: buttons, of which Tab reaches one and the arrow keys the others. */
export class Points {
  readonly #state: State;
  readonly #actions: PointActions;
  readonly #order: readonly number[];
  readonly #groups = new Map<number, SVGElement>();

  constructor(parent: SVGElement, state: State, actions: PointActions) {
    this.#state = state;
    this.#actions = actions;
    const { models } = state.data;
    this.#order = models.map((_, index) => index).sort((a, b) => LEVEL[models[a].role] - LEVEL[models[b].role]);
    for (const index of this.#order) this.#groups.set(index, this.#add(parent, index));
  }

  draw(frame: Frame): void {
    const { selected } = this.#state;
    const reached = placesOf(this.#state, selected) ? selected : this.#visible()[0];
    for (const [index, group] of this.#groups) {
      this.#place(group, index, frame);
      group.setAttribute('tabindex', index === reached ? '0' : '-1');
    }
  }

  #add(parent: SVGElement, index: number): SVGElement {
    const { role, rank } = this.#state.data.models[index];
    const { onChoose, onShow, onHide } = this.#actions;
    const group = shape(parent, 'g', { class: `node ${role}`, role: 'button', tabindex: -1, 'data-index': index });
    shape(group, 'circle', { r: RADIUS[role] + 3, class: 'ring' });
    addMark(group, role);
    if (rank !== undefined) shape(group, 'text', { y: 4, class: 'rank' }, rank);
    shape(group, 'circle', { r: Math.max(RADIUS[role] + 3, REACH), fill: 'transparent' });
    group.addEventListener('click', () => onChoose(index));
    group.addEventListener('pointerenter', () => onShow(index));
    group.addEventListener('pointerleave', onHide);
    group.addEventListener('focus', () => onShow(index));
    group.addEventListener('blur', onHide);
    group.addEventListener('keydown', (event) => this.#onKey(event, index));
    return group;
  }

  #place(group: SVGElement, index: number, frame: Frame): void {
    const at = placesOf(this.#state, index);
    const isSelected = index === this.#state.selected;
    group.style.display = at ? '' : 'none';
    group.classList.toggle('selected', isSelected);
    group.setAttribute('aria-pressed', String(isSelected));
    if (!at) return;
    group.style.transform = `translate(${across(frame, at.x.at)}px,${up(frame, at.y.at)}px)`;
    group.setAttribute('aria-label', `${this.#state.data.models[index].label}: ${at.y.text}, ${at.x.text}`);
  }

  /** From left to right. */
  #visible(): number[] {
    const shown = this.#order.flatMap((index) => {
      const at = placesOf(this.#state, index);
      return at ? [{ index, x: at.x.at, y: at.y.at }] : [];
    });
    return shown.sort((a, b) => a.x - b.x || a.y - b.y).map(({ index }) => index);
  }

  #onKey(event: KeyboardEvent, index: number): void {
    const step = STEPS[event.key];
    if (event.key === 'Enter' || event.key === ' ') this.#actions.onChoose(index);
    else if (event.key === 'Escape') this.#actions.onHide();
    else if (step !== undefined) {
      const list = this.#visible();
      this.#groups.get(list[(list.indexOf(index) + step + list.length) % list.length])?.focus();
    } else return;
    event.preventDefault();
  }
}

/** A diamond for the baseline, a circle for the rest. */
export function addMark(parent: Element, role: PageModel['role'], radius: number = RADIUS[role]): void {
  if (role === 'baseline') shape(parent, 'path', { d: `M0 -${radius}L${radius} 0L0 ${radius}L-${radius} 0Z`, class: 'point baseline' });
  else shape(parent, 'circle', { r: radius, class: `point ${role}` });
}
