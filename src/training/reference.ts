import type { Activity } from '../base/index.js';
import { lookup } from '../base/index.js';
import type { Batch } from '../data/index.js';
import type { CompileOptions, Program, Runtime, Tensors } from '../infrastructure/runtime/index.js';
import type { Tensor } from '../onnx/index.js';
import { samplesFirst } from './axes.js';
import { exposed } from './exposed.js';
import type { Task } from './tasks/task.js';

/** Bytes of answers that are kept, at most: beyond, batches are run anew, so that memory does not grow with the number of samples. */
const MOST_BYTES = 2 ** 25;

/**
 * The compiled reference of a task: the model whose answers are the truth. What it answers to a batch is kept for the next model that is compared with it
 * on the same samples.
 */
export class Reference {
  readonly #program: Program;
  readonly #task: Task;
  readonly #kept = new Map<string, Readonly<Record<string, Tensor>>>();
  #bytes = 0;

  /**
   * Undefined where a task has none. Whoever asks for it disposes of it, and uses it for one choice of samples: batches are known by the numbers of
   * their samples.
   */
  static async of(
    task: Task,
    runtime: Runtime,
    { threads, signal }: Pick<CompileOptions, 'threads'> & Pick<Activity, 'signal'> = {},
  ): Promise<Reference | undefined> {
    if (!task.reference) return undefined;
    return new Reference(await runtime.compile(exposed(task.reference, task), { threads, signal }), task);
  }

  private constructor(program: Program, task: Task) {
    this.#program = program;
    this.#task = task;
  }

  /** Its outputs for a batch, the samples along their first axis. @param feeds is asked for what to run only where that must be. */
  async outputsFor({ indices }: Batch, feeds: () => Tensors): Promise<Readonly<Record<string, Tensor>>> {
    const key = indices.join(' ');
    const known = this.#kept.get(key);
    if (known) return known;
    const outputs = ordered(await this.#program.run(feeds(), this.#task.outputs), this.#task);
    const bytes = Object.values(outputs).reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#bytes + bytes <= MOST_BYTES) {
      this.#kept.set(key, outputs);
      this.#bytes += bytes;
    }
    return outputs;
  }

  async dispose(): Promise<void> {
    this.#kept.clear();
    await this.#program.dispose();
  }
}

/** Hands out the reference of a task, undefined where it has none, and disposes of it; see `Reference.of`. */
export async function withReference<T>(
  task: Task,
  runtime: Runtime,
  options: Pick<CompileOptions, 'threads'> & Pick<Activity, 'signal'>,
  use: (reference?: Reference) => Promise<T>,
): Promise<T> {
  const reference = await Reference.of(task, runtime, options);
  try {
    return await use(reference);
  } finally {
    await reference?.dispose();
  }
}

/** Outputs with the samples along their first axis; see `Task.outputAxes`. */
export function ordered(outputs: Record<string, Tensor>, { outputAxes }: Pick<Task, 'outputAxes'>): Record<string, Tensor> {
  if (!outputAxes) return outputs;
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, samplesFirst(tensor, lookup(outputAxes, name) ?? 0)]));
}
