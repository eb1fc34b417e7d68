import { attempted } from '../../../base/index.js';
import { decodeModel, type Model, type Tensor } from '../../../onnx/index.js';
import { isQuantized } from '../../../ops/index.js';
import { lowerGraph, planMemory, prepare } from '../../codegen/index.js';
import type { Tensors } from '../../runtime/index.js';
import { createNodeRuntime } from '../../runtime/node/index.js';
import { agreementOf } from '../agreement.js';
import type { Language, Program } from '../languages.js';
import type { TargetFacts } from '../target.js';
import { RUNS } from './native.js';
import type { Target, Verdict } from './target.js';

/** A compiled model that is ready to run. */
export interface CompiledProgram {
  /** The feeds are copied. @throws RuntimeError where it ends with an error; Stopped when aborted. */
  run(feeds: Tensors): Promise<Record<string, Tensor>>;
  /** Milliseconds of each of some runs, after one that does not count. */
  time(feeds: Tensors, runs: number): Promise<number[]>;
  dispose(): Promise<void>;
}

/** A compiled model whose kernels are timed one by one as it runs. */
export interface ProbedProgram {
  /**
   * Times some runs, after what makes them steady. The feeds are copied.
   * @returns nanoseconds of each kernel, in the order of the plan, by run; what it takes to look at the clock is in them. @throws Stopped when aborted.
   */
  times(feeds: Tensors, runs: number): Promise<Float64Array[]>;
  dispose(): Promise<void>;
}

/** Something of which this machine can run compiled programs, or which lacks what that takes: a compiler. */
export interface CompiledRunner {
  /** What decides how fast its programs are: the compiler and its flags, or the engine, each with its version. */
  engine(): Promise<string | Absent>;
  /** The code that `open` runs, its kernels timed. @throws as `open`. */
  probe(program: Program, signal?: AbortSignal): Promise<ProbedProgram | Absent>;
  /** @throws RuntimeError with what a compiler says; Stopped when aborted. */
  open(program: Program, signal?: AbortSignal): Promise<CompiledProgram | Absent>;
}

/** What is not here, as a clause. */
export interface Absent {
  readonly absent: string;
}

/**
 * Of the largest magnitude of an output, what a quantized model may differ by: a sum that lies between two integers is rounded to one of them, by floats in
 * ONNX Runtime and by integers in C, and the layers behind hand that on.
 */
const QUANTIZED_TOLERANCE = 0.02;

/** How far a compiled model may be from ONNX Runtime. */
export function toleranceOf(model: Model, { tolerance }: Pick<TargetFacts, 'tolerance'>): number {
  return isQuantized(model) ? QUANTIZED_TOLERANCE : tolerance;
}

/** A target that code is made for. A model that cannot be compiled fails there. */
export function compiledTarget(facts: TargetFacts, { schedule }: Pick<Language, 'schedule'>, { open }: CompiledRunner): Target {
  const withProgram = async <T>(
    model: Model,
    feeds: Tensors,
    signal: AbortSignal | undefined,
    work: (program: CompiledProgram) => Promise<T>,
  ): Promise<T | Absent> => {
    const program = await open(await compiled(model, feeds, schedule), signal);
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
    check: async ({ model: bytes, feeds, expected, tolerance, signal }) =>
      attempted(
        async (): Promise<Verdict> => {
          const model = decodeModel(bytes);
          const found = await withProgram(model, feeds, signal, (program) => program.run(feeds));
          if (isAbsent(found)) return { status: 'not checked', detail: found.absent };
          return agreementOf(expected, found, tolerance ?? toleranceOf(model, facts));
        },
        ({ message }): Verdict => ({ status: 'fails', detail: message }),
      ),
    measure: async ({ model, feeds, runs = RUNS, signal }) => {
      const found = await withProgram(decodeModel(model), feeds, signal, (program) => program.time(feeds, runs));
      return 'absent' in found ? undefined : found;
    },
  };
}

/** Outputs are tensors, whatever an output is called. */
function isAbsent(found: Record<string, Tensor> | Absent): found is Absent {
  return typeof found.absent === 'string';
}

async function compiled(model: Model, feeds: Tensors, schedule: Language['schedule']): Promise<Program> {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
    const lowered = lowerGraph(await prepare(model, { runtime, shapes }), schedule);
    return { lowered, plan: planMemory(lowered.kernels) };
  } finally {
    await runtime.dispose();
  }
}
