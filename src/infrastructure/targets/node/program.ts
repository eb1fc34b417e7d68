import type { Model, Tensor } from '../../../onnx/index.js';
import { lowerGraph, planMemory, prepare } from '../../codegen/index.js';
import type { Tensors } from '../../runtime/index.js';
import { createNodeRuntime } from '../../runtime/node/index.js';
import type { Language, Program } from '../languages.js';

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

/** A model as kernels for inputs of the shapes of these. @throws UnsupportedError where it cannot be compiled. */
export async function programOf(model: Model, feeds: Tensors, schedule: Language['schedule']): Promise<Program> {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
    const lowered = lowerGraph(await prepare(model, { runtime, shapes }), schedule);
    return { lowered, plan: planMemory(lowered.kernels) };
  } finally {
    await runtime.dispose();
  }
}
