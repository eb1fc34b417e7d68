import { memoryQueue, type Point, type Work } from 'espalier/automation';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import {
  type OptimizeOptions,
  type OptimizeRequest,
  openRun,
  optimize,
  ProgressBatch,
  progressMessage,
  type RunInfo,
  type Strategy,
  techniques,
} from 'espalier/strategies';
import { openWorkerWorkspace, openWorkspace } from 'espalier/strategies/node';
import type { TechniqueRegistry } from 'espalier/technique';
import { train } from 'espalier/training';
import { clusters, plainTask, smallMlp } from '../training/support.js';
import { QUICK_HOST } from './small-run.js';

/** What the tests of early stopping run: the whole main job on points around centres, where a trial takes a fraction of a second. */
export interface StoppedRun {
  folder: string;
  stopper?: string;
  jobs?: number;
  trials?: number;
  /** Whether stages are made by workers. */
  isQueued?: boolean;
  /** The journal of an earlier run. */
  warmStart?: OptimizeOptions['warmStart'];
  sampler?: string;
  /** Draws the data. Default 1. */
  data?: number;
  /** What is kept in pruning. */
  kept?: readonly number[];
  /** Default: that of the package. */
  registry?: TechniqueRegistry;
  onMessage?: OptimizeRequest['onMessage'];
  /** Called after each epoch that is trained. */
  onEpoch?: () => void;
}

const GOOD = 0.01;
/** Too small for anything to be learned. */
const [NONE, LITTLE] = [1e-7, 2e-7];
const KEPT = [0.5, 0.3, 0.2, 0.1];
const SMALLEST = KEPT[KEPT.length - 1];

/** Whether a trial has no chance: it is as large as another one that learns. */
export function isPoor({ rate, next }: Point): boolean {
  return rate !== GOOD && next === 'nothing';
}

/** First what learns; then what does not, and what begins as one of those and ends as the smallest of all. */
export const POINTS: Point[] = [
  ...KEPT.map((keep) => ({ keep, rate: GOOD, next: 'nothing' })),
  { keep: SMALLEST, rate: NONE, next: 'nothing' },
  { keep: SMALLEST, rate: NONE, next: 'quantize' },
  { keep: SMALLEST, rate: LITTLE, next: 'nothing' },
  ...[NONE, LITTLE].map((rate) => ({ keep: 0.2, rate, next: 'nothing' })),
  { keep: SMALLEST, rate: LITTLE, next: 'quantize' },
];

const strategyOf = (kept: readonly number[]): Strategy => ({
  name: 'prune at rates',
  summary: '',
  plan: () => ({
    space: {
      keep: { type: 'categorical', choices: kept },
      rate: { type: 'categorical', choices: [GOOD, NONE, LITTLE] },
      next: { type: 'categorical', choices: ['nothing', 'quantize'] },
    },
    initialPoints: POINTS.filter(({ keep }) => kept.includes(keep as number)),
    recipe: ({ keep, rate, next }) => [
      {
        technique: 'prune',
        options: {
          keep,
          importance: 'magnitude',
          rounds: 1,
          tuning: 'train',
          epochs: 9,
          learningRate: rate,
          multipleOf: 1,
          minChannels: 1,
        },
      },
      ...(next === 'quantize' ? [{ technique: 'quantize', options: { mode: 'weights', weightType: 'int8' } }] : []),
    ],
    remarks: [],
  }),
});

/** Runs or goes on with it. */
export async function stoppedRun(run: StoppedRun): Promise<RunInfo> {
  const {
    folder,
    stopper,
    jobs = 1,
    trials = POINTS.length,
    isQueued,
    warmStart,
    sampler,
    data = 1,
    kept = KEPT,
    registry = techniques,
    onMessage,
    onEpoch,
  } = run;
  const runtime = createNodeRuntime({ threads: 1 });
  const parts = { train: clusters({ size: 120, spread: 2, seed: data }), validation: clusters({ size: 90, seed: 2, spread: 2 }) };
  const task = plainTask({ ...parts, calibration: clusters({ size: 30, seed: 3 }), test: clusters({ size: 30, seed: 4 }) });
  const training = { epochs: 12, batchSize: 24, learningRate: 0.01, evaluateEvery: 0 };
  const { model: original } = await train({ model: smallMlp({ hidden: 256 }), task, runtime, options: training });
  const request = { name: 'stopped', original, task, strategy: strategyOf(kept), registry, runtime, host: QUICK_HOST };
  const options = { trials, jobs, wave: 4, epochs: 9, stopper, sampler, warmStart, objectives: ['bytes'] as const, serving: [] };
  const workspace = await openWorkspace(folder);
  const onProgress: OptimizeRequest['onProgress'] = ({ epoch }) => {
    if (epoch) onEpoch?.();
  };
  const stop = new AbortController();
  const queue = memoryQueue();
  const worker = async () => {
    const own = await openWorkerWorkspace(folder);
    const perform = openRun({ ...request, options, workspace: own });
    const work: Work = (job, signal, tell) => {
      const batch = new ProgressBatch();
      const onQuality = (quality: number) => {
        batch.addQuality(quality);
        const news = batch.take();
        if (news) tell(progressMessage('worker', news));
      };
      return perform(job, { signal, onProgress, onQuality });
    };
    await queue.serve(work, { stop: stop.signal, handBack: new AbortController().signal });
    await own.close();
  };
  const working = isQueued ? [worker(), worker()] : [];
  try {
    return await optimize({ ...request, options, workspace, onProgress, onMessage, ...(isQueued && { workers: { queue, open: null } }) });
  } finally {
    stop.abort();
    await Promise.all(working);
    await workspace.close();
    await runtime.dispose();
  }
}
