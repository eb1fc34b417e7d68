import { attempted } from '../../../base/index.js';
import type { Candidate } from './candidates.js';
import type { Sample } from './samples.js';

/** Samples that are kept ready. */
const MOST = 8;

/** Samples of models, each made once for all devices that ask for it about the same time. */
export class SampleShelf {
  readonly #make: (candidate: Candidate) => Promise<Sample>;
  readonly #samples = new Map<string, Promise<Sample | undefined>>();

  constructor(make: (candidate: Candidate) => Promise<Sample>) {
    this.#make = make;
  }

  /** Undefined for a model that no device can be given: it does not run here, or is too large to be sent. */
  get(candidate: Candidate): Promise<Sample | undefined> {
    const key = JSON.stringify([candidate.folder, candidate.file, candidate.device]);
    const made =
      this.#samples.get(key) ??
      attempted(
        () => this.#make(candidate),
        () => undefined,
      );
    // The one that was asked for last is forgotten last.
    this.#samples.delete(key);
    this.#samples.set(key, made);
    for (const old of [...this.#samples.keys()].slice(0, Math.max(0, this.#samples.size - MOST))) this.#samples.delete(old);
    return made;
  }
}
