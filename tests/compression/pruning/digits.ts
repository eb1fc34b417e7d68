import { resnet8 } from 'espalier/architectures';
import { openDataset } from 'espalier/data/node';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createTask } from 'espalier/modalities';
import type { Model } from 'espalier/onnx';
import type { CheckpointStore } from 'espalier/technique';
import { type Checkpoint, type Task, train } from 'espalier/training';

/** A small residual network that has learnt the built-in digits, with its task. */
export async function trainedDigits(runtime: Runtime): Promise<{ model: Model; task: Task }> {
  const model = resnet8.build({ input: [1, 8, 8], classes: 10, seed: 1, width: 0.5 });
  const { task } = await createTask(model, await openDataset('digits'), runtime, { preprocess: '0-1', threads: 1 });
  const trained = await train({ model, task, runtime, threads: 1, options: { epochs: 6, learningRate: 0.004, evaluateEvery: 0 } });
  return { model: trained.model, task };
}

/** Checkpoints in memory; the work is killed when so many have been written. */
export class MemoryCheckpoints implements CheckpointStore {
  readonly #saved = new Map<string, Checkpoint>();
  #left: number;

  constructor(killedAfter = Number.POSITIVE_INFINITY) {
    this.#left = killedAfter;
  }

  async load(name: string): Promise<Checkpoint | undefined> {
    return this.#saved.get(name);
  }

  async save(name: string, checkpoint: Checkpoint): Promise<void> {
    this.#saved.set(name, checkpoint);
    this.#left--;
    if (this.#left === 0) throw new Error('killed');
  }
}
