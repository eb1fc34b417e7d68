import type { Activity } from '../../../base/index.js';
import type { Program, Runtime } from '../../../infrastructure/runtime/index.js';
import { Tensor } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import { SWITCHES } from '../write.js';
import type { Measured } from './output-shares.js';
import type { SwitchedStorage } from './switched-storage.js';
import { type Answer, TrialRuns } from './trial-runs.js';

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
  readonly #runs: TrialRuns;
  readonly #known = new Map<string, Measured>();

  private constructor(program: Program, request: TrialNoiseRequest, runs: TrialRuns) {
    this.#program = program;
    this.#request = request;
    this.#runs = runs;
  }

  /** Compiles the graph and runs it without roundings. Whoever asks for it disposes of it. */
  static async of(request: TrialNoiseRequest): Promise<TrialNoise> {
    const { storage, trials, runtime, threads, signal, most } = request;
    const program = await runtime.compile(trials.expose(storage.model), { threads, signal });
    try {
      const none = new Uint8Array(storage.parts.length);
      return new TrialNoise(program, request, await TrialRuns.of(trials, answering(program, none), most));
    } catch (error) {
      await program.dispose();
      throw error;
    }
  }

  /** What was run, for people. */
  get inputs(): string {
    return this.#runs.inputs;
  }

  /** The share with some parts rounded, by their indices. */
  async of(parts: Iterable<number>): Promise<number> {
    const on = this.#switchesOf(parts);
    const key = on.join('');
    const found = this.#known.get(key) ?? (await this.#runs.measure(answering(this.#program, on), this.#request));
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
}

/** The graph's answers with some roundings on. */
function answering(program: Program, on: Uint8Array): Answer {
  return (feeds, outputs) => program.run({ ...feeds, [SWITCHES]: Tensor.of('bool', [on.length], on.slice()) }, outputs);
}
