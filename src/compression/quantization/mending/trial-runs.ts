import { type Activity, Stopped } from '../../../base/index.js';
import { copiesOf, type Tensor } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import { type Measured, OutputShares, telling } from './output-shares.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** Answers one run's inputs, which it may keep, with these outputs. */
export type Answer = (feeds: Record<string, Tensor>, outputs: readonly string[]) => Promise<Tensors>;

interface Run {
  readonly feeds: Tensors;
  /** The original's outputs. */
  readonly wanted: Tensors;
}

/** The inputs of trials with the original's answers to them, which it is asked for once. */
export class TrialRuns {
  readonly #kind: Trials['kind'];
  readonly #runs: readonly Run[];
  readonly #wanted: ReadonlyMap<string, number>;

  private constructor(trials: Trials, runs: readonly Run[]) {
    this.#kind = trials.kind;
    this.#runs = runs;
    this.#wanted = telling(
      trials,
      runs.map(({ wanted }) => wanted),
    );
  }

  /** @param most runs, of the trials' first. Default: all. */
  static async of(trials: Trials, original: Answer, most = Number.POSITIVE_INFINITY): Promise<TrialRuns> {
    const runs: Run[] = [];
    for await (const feeds of trials.feeds()) {
      runs.push({ feeds, wanted: copiesOf(await original(copiesOf(feeds), [...trials.wanted.keys()])) });
      if (runs.length >= most) break;
    }
    return new TrialRuns(trials, runs);
  }

  /** What is run, for people: "8 made-up inputs". */
  get inputs(): string {
    const count = this.#runs.length;
    return `${count} ${this.#kind}${count === 1 ? '' : 's'}`;
  }

  /** How closely other answers follow the original's. @throws Stopped when aborted. */
  async measure(answer: Answer, { signal }: Pick<Activity, 'signal'>): Promise<Measured> {
    const meter = new OutputShares(this.#wanted);
    for (const { feeds, wanted } of this.#runs) {
      if (signal?.aborted) throw new Stopped('The search for what stays in float was stopped');
      meter.add(wanted, await answer(copiesOf(feeds), meter.outputs));
    }
    return meter.measured;
  }
}
