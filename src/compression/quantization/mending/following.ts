import type { Activity } from '../../../base/index.js';
import type { Program, Runtime } from '../../../infrastructure/runtime/index.js';
import type { Model } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import type { Measured } from './output-shares.js';
import { TrialRuns } from './trial-runs.js';

export interface FollowingRequest extends Pick<Activity, 'signal'> {
  trials: Trials;
  runtime: Runtime;
  threads?: number;
}

/** How closely models follow an original, which is run once for all of them. */
export class Following {
  readonly #request: FollowingRequest;
  readonly #runs: TrialRuns;

  private constructor(request: FollowingRequest, runs: TrialRuns) {
    this.#request = request;
    this.#runs = runs;
  }

  static async of(original: Model, request: FollowingRequest): Promise<Following> {
    const runs = await withProgram(original, request, (program) =>
      TrialRuns.of(request.trials, (feeds, outputs) => program.run(feeds, outputs)),
    );
    return new Following(request, runs);
  }

  /** What was run, for people. */
  get inputs(): string {
    return this.#runs.inputs;
  }

  of(model: Model): Promise<Measured> {
    return withProgram(model, this.#request, (program) =>
      this.#runs.measure((feeds, outputs) => program.run(feeds, outputs), this.#request),
    );
  }
}

async function withProgram<T>(
  model: Model,
  { trials, runtime, threads, signal }: FollowingRequest,
  use: (program: Program) => Promise<T>,
): Promise<T> {
  const program = await runtime.compile(trials.expose(model), { threads, signal });
  try {
    return await use(program);
  } finally {
    await program.dispose();
  }
}
