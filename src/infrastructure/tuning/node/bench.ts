import { availableParallelism, cpus } from 'node:os';
import { RuntimeError } from '../../../base/index.js';
import { quantile } from '../../hardware/index.js';
import type { Tensors } from '../../runtime/index.js';
import type { LanguageName, Program } from '../../targets/index.js';
import { type Absent, type CompiledRunner, compiledRunners } from '../../targets/node/index.js';
import type { Bench } from '../table.js';
import { runsOfTurn, type Turns, takeTurns } from './rounds.js';

/** Where programs of a language are measured here. */
export async function benchOf(target: LanguageName): Promise<Bench | Absent> {
  const engine = await compiledRunners[target].engine();
  if (typeof engine !== 'string') return engine;
  return { target, engine, processor: `${process.arch} ${cpus()[0]?.model.trim() || 'unknown'}` };
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly signal?: AbortSignal;
  /** Called when a program has been built, or a round run. */
  readonly onStep: () => void;
}

/** Programs that are measured together: built side by side, run by turns. */
export class Measuring {
  readonly #runner: CompiledRunner;
  readonly #feeds: Tensors;

  constructor(target: LanguageName, feeds: Tensors) {
    this.#runner = compiledRunners[target];
    this.#feeds = feeds;
  }

  /**
   * Times of groups of kernels.
   * @param programs each with the places of the kernels of each group, in the order of its plan.
   * @returns by program and group, beside the first program.
   */
  kernels(programs: readonly { readonly program: Program; readonly groups: readonly (readonly number[])[] }[], options: MeasureOptions) {
    const build = async ({ program }: { readonly program: Program }) => present(await this.#runner.probe(program, options.signal));
    return built(programs, build, options, async (probed) => {
      const [first] = probed;
      const runs = runsOfTurn(quantile((await first.times(this.#feeds, 3)).map(total), 0.5) / 1e6);
      const turn = async (index: number) => {
        const times = await probed[index].times(this.#feeds, runs);
        return programs[index].groups.map((places) =>
          quantile(
            times.map((each) => places.reduce((sum, place) => sum + each[place], 0)),
            0.5,
          ),
        );
      };
      return takeTurns(probed.length, turn, { ...options, onRound: options.onStep });
    });
  }

  /** Times of whole programs, as users run them, beside the first. */
  wholes(programs: readonly Program[], options: MeasureOptions): Promise<readonly Turns[]> {
    const build = async (program: Program) => present(await this.#runner.open(program, options.signal));
    return built(programs, build, options, async (opened) => {
      const runs = runsOfTurn(quantile(await opened[0].time(this.#feeds, 3), 0.5));
      const turn = async (index: number) => [quantile(await opened[index].time(this.#feeds, runs), 0.5)];
      return (await takeTurns(opened.length, turn, { ...options, onRound: options.onStep })).map(([whole]) => whole);
    });
  }
}

/** Builds programs, as many at a time as there are processors; whatever happens, they are disposed of. */
async function built<A, B extends { dispose(): Promise<void> }, C>(
  given: readonly A[],
  build: (each: A) => Promise<B>,
  { onStep }: MeasureOptions,
  use: (programs: readonly B[]) => Promise<C>,
): Promise<C> {
  const made: B[] = [];
  try {
    const left = [...given.entries()];
    const worker = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        made[next[0]] = await build(next[1]);
        onStep();
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: Math.min(availableParallelism(), given.length) }, worker));
    for (const each of workers) if (each.status === 'rejected') throw each.reason;
    return await use(made);
  } finally {
    for (const each of made) await each?.dispose();
  }
}

function present<T>(found: T | Absent): T {
  if (isAbsent(found)) throw new RuntimeError({ what: `What is measured here cannot be run any more: ${found.absent}` });
  return found;
}

function isAbsent(found: unknown): found is Absent {
  return typeof found === 'object' && found !== null && 'absent' in found;
}

const total = (times: Float64Array) => times.reduce((sum, each) => sum + each, 0);
