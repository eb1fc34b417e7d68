import { type Activity, Stopped } from '../../../base/index.js';
import type { Program, Runtime } from '../../../infrastructure/runtime/index.js';
import { isFloat, Tensor } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import { SWITCHES } from '../write.js';
import type { SwitchedStorage } from './switched-storage.js';

export interface TrialNoiseRequest extends Pick<Activity, 'signal'> {
  storage: SwitchedStorage;
  trials: Trials;
  runtime: Runtime;
  threads?: number;
  /** Runs at most, of the trials' first. */
  most: number;
}

/**
 * What roundings do to the outputs of a model, as a share of what they may do: the noise of the output that follows the float model least beside what is allowed
 * of it, as powers. Up to 1 every output follows closely enough. One compiled graph does for all choices of roundings.
 */
export class TrialNoise {
  readonly #program: Program;
  readonly #request: TrialNoiseRequest;
  readonly #runs: readonly Run[];
  readonly #known = new Map<string, Measured>();

  private constructor(program: Program, request: TrialNoiseRequest, runs: readonly Run[]) {
    this.#program = program;
    this.#request = request;
    this.#runs = runs;
  }

  /** Compiles the graph and runs it without roundings. Whoever asks for it disposes of it. */
  static async of(request: TrialNoiseRequest): Promise<TrialNoise> {
    const { storage, trials, runtime, threads, signal, most } = request;
    const program = await runtime.compile(trials.expose(storage.model), { threads, signal });
    try {
      const runs: Run[] = [];
      const none = new Uint8Array(storage.parts.length);
      for await (const feeds of trials.feeds()) {
        const outputs = [...trials.wanted.keys()];
        const wanted = await program.run(withSwitches(feeds, none), outputs);
        runs.push({ feeds, wanted: outputs.map((name) => floatsOf(wanted[name])) });
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
    const { wanted: enough } = this.#request.trials;
    const outputs = [...enough.keys()];
    const sums = outputs.map(() => ({ power: 0, error: 0 }));
    for (const { feeds, wanted } of this.#runs) {
      if (this.#request.signal?.aborted) throw new Stopped('The search for layers was stopped');
      const found = await this.#program.run(withSwitches(feeds, on), outputs);
      outputs.forEach((name, index) => {
        add(sums[index], wanted[index], floatsOf(found[name]));
      });
    }
    const noises = sums.map(({ power, error }) => (power === 0 ? 0 : error / power));
    const shares = [...enough.values()].map((decibels, index) => noises[index] * 10 ** (decibels / 10));
    return { share: Math.max(0, ...shares), sqnr: -10 * Math.log10(Math.max(0, ...noises)) };
  }
}

interface Measured {
  readonly share: number;
  readonly sqnr: number;
}

interface Run {
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** The float model's outputs. */
  readonly wanted: readonly Float32Array[];
}

/** Copies, because a runtime may take the memory of what it is fed. */
function withSwitches(feeds: Readonly<Record<string, Tensor>>, on: Uint8Array): Record<string, Tensor> {
  const copies = Object.entries(feeds).map(([name, tensor]): [string, Tensor] => [
    name,
    tensor.dtype === 'string' ? tensor : new Tensor(tensor.dtype, tensor.shape, tensor.bytes().slice()),
  ]);
  return { ...Object.fromEntries(copies), [SWITCHES]: Tensor.of('bool', [on.length], on.slice()) };
}

function floatsOf(tensor: Tensor): Float32Array {
  return isFloat(tensor.dtype) ? tensor.toFloat32().slice() : new Float32Array(0);
}

/** Where the original itself overflows, on -inf for what is masked say, nothing is compared. */
function add(sums: { power: number; error: number }, wanted: Float32Array, found: Float32Array): void {
  for (let i = 0; i < wanted.length; i++) {
    if (!Number.isFinite(wanted[i])) continue;
    const difference = Number.isFinite(found[i]) ? wanted[i] - found[i] : Number.POSITIVE_INFINITY;
    sums.power += wanted[i] * wanted[i];
    sums.error += difference * difference;
  }
}
