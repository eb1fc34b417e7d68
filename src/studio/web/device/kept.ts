import type { Result } from './result.js';
import { readAttempt, readResults } from './shapes.js';

/** Results that are kept. */
const MOST = 100;
const NAME = 'espalier-device-name';

/** What outlives a reload of this page, but not its tab; and the device's name, which stays. Where a browser lets the page keep nothing, as long as the page. */
export class Kept {
  readonly #prefix: string;
  readonly #here = new Map<string, string>();

  /** @param token of the link: each has its own. */
  constructor(token: string) {
    this.#prefix = `espalier-device-${token.slice(0, 8)}`;
  }

  get name(): string {
    return attempt(() => localStorage.getItem(NAME)) ?? this.#here.get(NAME) ?? '';
  }

  set name(name: string) {
    this.#here.set(NAME, name);
    attempt(() => localStorage.setItem(NAME, name));
  }

  /** The id that the studio gave; undefined where the device has not joined. */
  get id(): string | undefined {
    return this.#get('id');
  }

  set id(id: string | undefined) {
    this.#set('id', id);
  }

  get results(): Result[] {
    return readResults(parsed(this.#get('results')));
  }

  set results(results: readonly Result[]) {
    this.#set('results', JSON.stringify(results.slice(-MOST)));
  }

  /** What is being run: it is still there after a reload where that took the page with it. */
  get attempt(): ReturnType<typeof readAttempt> {
    return readAttempt(parsed(this.#get('attempt')));
  }

  set attempt(at: ReturnType<typeof readAttempt>) {
    this.#set('attempt', at && JSON.stringify(at));
  }

  #get(what: string): string | undefined {
    return attempt(() => sessionStorage.getItem(`${this.#prefix}-${what}`)) ?? this.#here.get(what);
  }

  #set(what: string, value: string | undefined): void {
    if (value === undefined) this.#here.delete(what);
    else this.#here.set(what, value);
    const key = `${this.#prefix}-${what}`;
    attempt(() => (value === undefined ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value)));
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function parsed(text: string | undefined): unknown {
  return attempt(() => JSON.parse(text ?? 'null'));
}
