import type { ScatterAxis } from '../info/index.js';
import type { PageData } from '../render/html/page-data.js';

/** Something of what is shown. */
export type Change = 'axes' | 'filter' | 'selected';

/** What is shown of the run, and who is told when that changes. */
export class State {
  readonly data: PageData;
  x = 'bytes';
  y = 'quality';
  frontOnly = false;
  /** The model whose card is shown; -1 before there is one. */
  selected = -1;
  readonly #listeners: ((what: Change) => void)[] = [];

  constructor(data: PageData) {
    this.data = data;
  }

  listen(listener: (what: Change) => void): void {
    this.#listeners.push(listener);
  }

  tell(what: Change): void {
    for (const listener of this.#listeners) listener(what);
  }

  axis(side: 'x' | 'y'): ScatterAxis {
    return this.data.axes.find(({ name }) => name === this[side]) ?? this.data.axes[0];
  }

  isHidden(index: number): boolean {
    return this.frontOnly && this.data.models[index].role === 'other';
  }
}
