import { attempted } from '../../../base/index.js';
import { decodeModel, type Model } from '../../../onnx/index.js';
import type { Tensors } from '../../runtime/index.js';
import type { Language } from '../languages.js';
import type { TargetFacts } from '../target.js';
import { RUNS } from './native.js';
import { type Absent, type CompiledProgram, type CompiledRunner, programOf } from './program.js';
import { compiledAgreement } from './rounding.js';
import type { Target, Verdict } from './target.js';

/** A target that code is made for. A model that cannot be compiled fails there. */
export function compiledTarget(facts: TargetFacts, { schedule }: Pick<Language, 'schedule'>, runner: CompiledRunner): Target {
  const withProgram = async <T>(
    model: Model,
    feeds: Tensors,
    signal: AbortSignal | undefined,
    work: (program: CompiledProgram) => Promise<T>,
  ): Promise<T | Absent> => {
    const program = await runner.open(await programOf(model, feeds, schedule), signal);
    if ('absent' in program) return program;
    try {
      return await work(program);
    } finally {
      await program.dispose();
    }
  };
  return {
    ...facts,
    usual: false,
    check: async ({ model, feeds, expected, tolerance, signal }) =>
      attempted(
        async (): Promise<Verdict> => {
          const answered = [{ feeds, expected }];
          const found = await withProgram(decodeModel(model), feeds, signal, (program) =>
            compiledAgreement(program, { model, facts, schedule, runner, answered, tolerance, signal }),
          );
          return 'absent' in found ? { status: 'not checked', detail: found.absent } : found;
        },
        ({ message }): Verdict => ({ status: 'fails', detail: message }),
      ),
    measure: async ({ model, feeds, runs = RUNS, signal }) => {
      const found = await withProgram(decodeModel(model), feeds, signal, (program) => program.time(feeds, runs));
      return 'absent' in found ? undefined : found;
    },
  };
}
