import type { LiveRun } from '../../../strategies/index.js';
import type { FollowedRun, RunSource } from './source.js';

interface Shared {
  readonly opened: Promise<FollowedRun>;
  users: number;
}

/** Runs that are followed: however many look at one, its journal is read once. */
export class Followers {
  readonly #source: RunSource;
  readonly #shared = new Map<string, Shared>();

  constructor(source: RunSource) {
    this.#source = source;
  }

  /** @throws EspalierError where the folder cannot be read. */
  async follow(folder: string): Promise<FollowedRun> {
    const shared = this.#shared.get(folder) ?? { opened: this.#source.follow(folder), users: 0 };
    this.#shared.set(folder, shared);
    shared.users++;
    let isOpen = true;
    const close = async () => {
      if (!isOpen) return;
      isOpen = false;
      if (--shared.users > 0) return;
      this.#shared.delete(folder);
      await (await shared.opened).close();
    };
    try {
      const followed = await shared.opened;
      return {
        get run() {
          return followed.run;
        },
        subscribe: (onChange) => followed.subscribe(onChange),
        close,
      };
    } catch (error) {
      this.#shared.delete(folder);
      throw error;
    }
  }

  /** How a run stands that somebody follows. */
  running(folder: string): Promise<LiveRun> | undefined {
    return this.#shared.get(folder)?.opened.then(({ run }) => run);
  }

  async close(): Promise<void> {
    const all = [...this.#shared.values()];
    this.#shared.clear();
    for (const { opened } of all) await opened.then((followed) => followed.close()).catch(() => undefined);
  }
}
