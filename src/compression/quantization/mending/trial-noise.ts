import { type Activity, Stopped } from '../../../base/index.js';
import type { Program, Runtime } from '../../../infrastructure/runtime/index.js';
import { Tensor } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import { SWITCHES } from '../write.js';
import { copied, type Measured, OutputShares, telling } from './output-shares.js';
import type { SwitchedStorage } from './switched-storage.js';

export interface TrialNoiseRequest extends Pick<Activity, 'signal'> {
  storage: SwitchedStorage;
  trials: Trials;
  runtime: Runtime;
  threads?: number;
  /** Runs at most, of the trials' first. */
  most: number;
}

/** What roundings do to the outputs of a model, as a share of what they may do; see `Measured`. One compiled graph does for all choices of roundings. */
export class TrialNoise {
  readonly #program: Program;
  readonly #request: TrialNoiseRequest;
  readonly #runs: readonly Run[];
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #known = new Map<string, Measured>();

  private constructor(program: Program, request: TrialNoiseRequest, runs: readonly Run[]) {
    this.#program = program;
    this.#request = request;
    this.#runs = runs;
    this.#wanted = telling(
      request.trials,
      runs.map(({ wanted }) => wanted),
    );
  }

  /** Compiles the graph and runs it without roundings. Whoever asks for it disposes of it. */
  static async of(request: TrialNoiseRequest): Promise<TrialNoise> {
    const { storage, trials, runtime, threads, signal, most } = request;
    const program = await runtime.compile(trials.expose(storage.model), { threads, signal });
    try {
      const runs: Run[] = [];
      const none = new Uint8Array(storage.parts.length);
      for await (const feeds of trials.feeds()) {
        runs.push({ feeds, wanted: copied(await program.run(withSwitches(feeds, none), [...trials.wanted.keys()])) });
        if (runs.length >= most) break;
      }
      return new TrialNoise(program, request, runs);
    } catch (error) {
      await program.dispose();
      throw error;
    }
  }

  /** What was run, for people: "2 made-up inputs". */
  get inputs(): string {
    const count = this.#runs.length;
    return `${count} ${this.#request.trials.kind}${count === 1 ? '' : 's'}`;
  }

  /** The share with some parts rounded, by their indices. */
  async of(parts: Iterable<number>): Promise<number> {
    const on = this.#switchesOf(parts);
    const key = on.join('');
    const found = this.#known.get(key) ?? (await this.#measure(on));
    this.#known.set(key, found);
    return found.share;
  }

  /** SQNR in dB of the worst output with some parts rounded, which was measured before. */
  sqnrOf(parts: Iterable<number>): number {
    return this.#known.get(this.#switchesOf(parts).join(''))?.sqnr ?? Number.NaN;
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  #switchesOf(parts: Iterable<number>): Uint8Array {
    const on = new Uint8Array(this.#request.storage.parts.length);
    for (const part of parts) on[part] = 1;
    return on;
  }

  async #measure(on: Uint8Array): Promise<Measured> {
    const meter = new OutputShares(this.#wanted);
    for (const { feeds, wanted } of this.#runs) {
      if (this.#request.signal?.aborted) throw new Stopped('The search for layers was stopped');
      meter.add(wanted, await this.#program.run(withSwitches(feeds, on), meter.outputs));
    }
    return meter.measured;
  }
}

interface Run {
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** The float model's outputs. */
  readonly wanted: Readonly<Record<string, Tensor>>;
}

function withSwitches(feeds: Readonly<Record<string, Tensor>>, on: Uint8Array): Record<string, Tensor> {
  return { ...copied(feeds), [SWITCHES]: Tensor.of('bool', [on.length], on.slice()) };
}
