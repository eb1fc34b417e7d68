import { join } from 'node:path';
import { surveyCnn } from 'espalier/architectures';
import { subset } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { loadModel, saveModel } from 'espalier/onnx/node';
import {
  growImproveShrink,
  type HostServices,
  type Limits,
  type ObjectiveName,
  type OptimizeRequest,
  optimize,
  type RunInfo,
  shrinkAndImprove,
  techniques,
} from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import type { TechniqueRegistry } from 'espalier/technique';
import { type Task, train } from 'espalier/training';

/** What the tests of the main job run: the whole of it, on few digits and with little training. */
export interface SmallRun {
  folder: string;
  strategy: 'shrink-and-improve' | 'grow-improve-shrink';
  trials: number;
  /** Of one full training. Default 4, which a model that has been trained can do with; 'usual' leaves it to the run. */
  epochs?: number | 'usual';
  jobs?: number;
  limits?: Limits;
  registry?: TechniqueRegistry;
  budgetMs?: number;
  seed?: number;
  stopper?: string;
  objectives?: readonly ObjectiveName[];
  /** Whether the front is really timed and checked on other runtimes, which takes seconds. Default false. */
  measured?: boolean;
  onProgress?: OptimizeRequest['onProgress'];
}

/** Stands in for measurements on the machine where a test is not about them. */
export const QUICK_HOST: HostServices = {
  latency: async () => ({ p50: 1, p95: 1, p99: 1, batch: 1, threads: 1, backend: 'cpu', throughput: 1000 }),
  serving: async (_file, _model, _feeds, concurrent = [1, 2]) =>
    concurrent.map((number) => ({ concurrent: number, throughput: 900 * number, p50: 1, p95: 1, memory: 1e6 * number })),
  downloadBytes: async () => 1000,
  check: async () => [],
  machine: () => ({ node: 'test', platform: 'test', processor: 'test', cores: 2 }),
};

/** A quarter of the digits, so that a run takes seconds. */
export async function digitsTask(runtime: ReturnType<typeof createNodeRuntime>): Promise<{ task: Task; close: () => Promise<void> }> {
  const source = await openDataset('digits');
  const model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.25 });
  const { task } = await createTask(model, source, runtime, { preprocess: '0-1' });
  const few = Int32Array.from({ length: 640 }, (_, i) => i);
  return {
    task: { ...task, splits: { ...task.splits, train: subset(task.splits.train, few, 'few digits') } },
    close: () => source.close(),
  };
}

/** Runs the main job in a folder; the start model is trained once and kept there. */
export async function smallRun(
  {
    folder,
    strategy,
    trials,
    epochs = 4,
    jobs = 2,
    limits,
    registry = techniques,
    budgetMs,
    seed = 7,
    measured = false,
    ...given
  }: SmallRun,
  start: string,
): Promise<RunInfo> {
  const runtime = createNodeRuntime({ threads: 1 });
  const { task, close } = await digitsTask(runtime);
  const workspace = await openWorkspace(folder);
  try {
    const architecture =
      strategy === 'grow-improve-shrink' ? { name: surveyCnn.name, width: 0.25, depth: 1, scales: surveyCnn.scales } : undefined;
    const original = architecture ? surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.25 }) : loadModel(start);
    return await optimize({
      name: 'small run',
      onProgress: given.onProgress,
      original,
      architecture,
      task,
      strategy: architecture ? growImproveShrink : shrinkAndImprove,
      registry,
      runtime,
      workspace,
      host: measured ? nodeHost(runtime, folder, { threads: 1 }) : QUICK_HOST,
      options: {
        ...(epochs !== 'usual' && { epochs }),
        trials,
        jobs,
        threads: 1,
        seed,
        limits,
        budgetMs,
        stopper: given.stopper,
        objectives: given.objectives,
        serving: [1],
      },
    });
  } finally {
    await workspace.close();
    await runtime.dispose();
    await close();
  }
}

/** Trains the model that shrinking starts from. */
export async function trainStart(folder: string): Promise<string> {
  const runtime = createNodeRuntime({ threads: 2 });
  const { task, close } = await digitsTask(runtime);
  const model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.5 });
  const trained = await train({
    model,
    task,
    runtime,
    threads: 2,
    options: { epochs: 12, batchSize: 32, learningRate: 0.003, evaluateEvery: 0 },
  });
  const path = join(folder, 'start.onnx');
  await saveModel(trained.model, path);
  await runtime.dispose();
  await close();
  return path;
}

/** What must be the same however a run came about: everything but what is measured in time. */
export function essence(info: RunInfo): unknown {
  const { models, baseline, hypervolume, objectives, trials } = info;
  const model = ({ id, recipe, validation, test, onFront, footprint, breaks }: RunInfo['baseline']) => {
    const { latency: _, serving: __, ...counted } = footprint;
    return { id, recipe, validation, test, onFront, footprint: counted, breaks };
  };
  return { models: models.map(model), baseline: model(baseline), hypervolume, objectives, trials };
}
