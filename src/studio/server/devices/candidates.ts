import { attempted } from '../../../base/index.js';
import { formatBytes, formatQuality, shortMetricName } from '../../../report/info/index.js';
import type { ModelInfo } from '../../../strategies/index.js';
import type { Runs } from '../runs/runs.js';
import { wishesIn } from './wishes.js';

/** A model that devices are to measure. */
export interface Candidate {
  readonly run: string;
  /** The run's folder. */
  readonly folder: string;
  readonly model: string;
  readonly label: string;
  /** Its quality and size, in words. */
  readonly about?: string;
  /** Relative to the run's folder. */
  readonly file: string;
  /** The name of the only device that is to measure it, for which the run waits. Default: every device. */
  readonly device?: string;
}

/** Runs whose models devices are given. */
const MOST_RUNS = 8;

/** Milliseconds for which what there is to be measured is taken to be all: every device that waits asks again and again. */
const FRESH = 1000;

/**
 * The models that devices are to measure: first those for which a run waits, then the fronts of the latest runs, and what these began with, which others are compared
 * with.
 */
export class Candidates {
  readonly #runs: Runs;
  #found: { readonly at: number; readonly all: Promise<Candidate[]> } | undefined;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  all(): Promise<readonly Candidate[]> {
    if (!this.#found || Date.now() - this.#found.at > FRESH) this.#found = { at: Date.now(), all: this.#look() };
    return this.#found.all;
  }

  async #look(): Promise<Candidate[]> {
    const latest = (await this.#runs.list()).slice(0, MOST_RUNS);
    const wished: Candidate[] = [];
    const others: Candidate[] = [];
    const some = (look: () => Promise<Candidate[]>) => attempted(look, () => []);
    for (const { id } of latest) {
      wished.push(...(await some(() => this.#wishedBy(id))));
      others.push(...(await some(() => this.#ofRun(id))));
    }
    return [...wished, ...others];
  }

  async #wishedBy(run: string): Promise<Candidate[]> {
    const folder = await this.#runs.folderOf(run);
    return (await wishesIn(folder)).map((wish) => ({ run, folder, label: wish.model, ...wish }));
  }

  async #ofRun(id: string): Promise<Candidate[]> {
    const { models, baseline } = await this.#runs.read(id);
    const folder = await this.#runs.folderOf(id);
    const wanted = [...models.filter(({ onFront }) => onFront), ...(baseline ? [baseline] : [])];
    return wanted.map((each) => ({ run: id, folder, model: each.id, label: each.label, about: aboutOf(each), file: each.file }));
  }
}

/** "accuracy 97.2%, 12 KB": on the validation part, which every model has. */
function aboutOf({ validation: { metric, value, samples }, footprint }: ModelInfo): string {
  return `${shortMetricName(metric)} ${formatQuality(metric, value, samples)}, ${formatBytes(footprint.bytes)}`;
}
