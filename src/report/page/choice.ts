import { find } from './nodes.js';
import type { State } from './state.js';

/** Shows one model's card, and keeps it in the address, so that a link leads to it. */
export class Choice {
  readonly #state: State;
  readonly #articles = document.querySelectorAll('article.model');

  constructor(state: State) {
    this.#state = state;
    addEventListener('hashchange', () => this.show(fromAddress()));
  }

  /** Chosen by a person: said, and kept in the address. */
  choose(index: number): void {
    if (!this.show(index)) return;
    find('#status').textContent = `Showing ${this.#state.data.models[index].label}`;
    history.replaceState(null, '', `#model-${index}`);
  }

  /** The model of the address, or the one that the report begins with. */
  begin(): void {
    const { models, chosen } = this.#state.data;
    this.show(models[fromAddress()] ? fromAddress() : chosen);
  }

  /** @returns whether another one is shown now. */
  show(index: number): boolean {
    if (!this.#state.data.models[index] || index === this.#state.selected) return false;
    this.#state.selected = index;
    for (const [each, article] of this.#articles.entries()) article.classList.toggle('selected', each === index);
    this.#state.tell('selected');
    return true;
  }
}

function fromAddress(): number {
  return Number(/^#model-(\d+)$/.exec(location.hash)?.[1] ?? -1);
}
