import { RuntimeError } from '../../../base/index.js';
import type { Backend, Program } from '../../runtime/index.js';
import { createNodeRuntime } from '../../runtime/node/index.js';
import { agreementOf } from '../agreement.js';
import type { TargetFacts } from '../target.js';
import { copied } from './reference.js';
import type { CheckRequest, MeasureRequest, Target } from './target.js';

/** Timed runs where nothing else is asked for. */
export const RUNS = 10;

/** A target that onnxruntime-node runs on one of its backends. */
export function nativeTarget(facts: TargetFacts, backend: Backend, usual: boolean): Target {
  const withProgram = async <T>(
    model: Uint8Array,
    work: (program: Program) => Promise<T>,
    options: { threads?: number; signal?: AbortSignal },
  ) => {
    const runtime = createNodeRuntime({ threads: options.threads ?? 1 });
    try {
      return await work(await runtime.compile(model, { backend, signal: options.signal }));
    } finally {
      await runtime.dispose();
    }
  };
  return {
    ...facts,
    usual,
    check: async ({ model, feeds, expected, tolerance = facts.tolerance, signal }: CheckRequest) => {
      try {
        const got = await withProgram(model, (program) => program.run(copied(feeds), Object.keys(expected)), { signal });
        return agreementOf(expected, got, tolerance);
      } catch (cause) {
        if (cause instanceof RuntimeError) return { status: 'fails', detail: cause.what };
        throw cause;
      }
    },
    measure: ({ model, feeds, runs = RUNS, threads, signal }: MeasureRequest) =>
      withProgram(
        model,
        async (program) => {
          await program.time(copied(feeds), 1);
          return (await program.time(copied(feeds), runs)).map(({ milliseconds }) => milliseconds);
        },
        { threads, signal },
      ),
  };
}
