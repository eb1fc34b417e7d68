import { cpus } from 'node:os';
import { type Activity, addTo, Random } from '../../../../base/index.js';
import type { Runtime } from '../../../runtime/index.js';
import { type CpuProfile, fitCosts, type TimedLayer } from '../../cpu/index.js';
import { footprint } from '../../footprint.js';
import { timeLayers } from '../layer-times.js';
import { elementwiseSamples } from './elementwise.js';
import { movementSamples } from './movement.js';
import { productSamples } from './products.js';
import { reductionSamples } from './reductions.js';
import { modelOf, SAMPLE, type Sample } from './sample.js';

export interface CalibrateOptions extends Activity {
  /** Threads inside an operator. Default 1. */
  threads?: number;
  /** Timed runs of each layer in each of three rounds. Default 20. */
  runs?: number;
  /** Name of the hardware. Default: this-machine. */
  name?: string;
  /** Layers to time. Default: some 1,300 of the operators that models are made of. */
  samples?: readonly Sample[];
}

/** Samples whose data a runtime holds at once. */
const AT_ONCE = 24;
/** How often each is timed. */
const ROUNDS = 3;

/**
 * Times small layers on this machine, one by one inside a runtime that can profile, and fits a model of the processor to them. Takes three to four minutes.
 * @throws RuntimeError; Stopped when aborted.
 */
export async function calibrate(runtime: Runtime, options: CalibrateOptions = {}): Promise<CpuProfile> {
  const { threads = 1, name = 'this-machine', samples = allSamples() } = options;
  const timed = await timeSamples(runtime, samples, options);
  const processor = cpus()[0]?.model.trim() || 'unknown processor';
  return {
    kind: 'cpu',
    name,
    title: `${processor}, ${threads} thread(s), ${runtime.name}`,
    source: `Fitted to ${timed.length} times of small layers taken on it by espalier estimate --calibrate`,
    threads,
    ...fitCosts(timed),
  };
}

/** Layers of all operators that are timed. */
export function allSamples(): Sample[] {
  return [...elementwiseSamples(), ...reductionSamples(), ...movementSamples(), ...productSamples()];
}

/** How long each sample takes, among its like and among others; those that the runtime computes beforehand are left out. */
export async function timeSamples(runtime: Runtime, samples: readonly Sample[], options: CalibrateOptions = {}): Promise<TimedLayer[]> {
  const { threads = 1, runs = 20, signal, onProgress } = options;
  const found: TimedLayer[] = [];
  const groups = KINDS.flatMap((together) => groupsOf(samples, together));
  for (const [done, group] of groups.entries()) {
    onProgress?.({ task: 'calibrate', done, total: groups.length });
    const { layers } = await timeLayers(modelOf(group), runtime, { threads, runs, rounds: ROUNDS, signal });
    for (const each of layers) if (each.label.includes(`"${SAMPLE}`) && each.seconds > 0) found.push(each);
  }
  return found;
}

/** Bytes that a sample moves; eight multiply-accumulates take about as long as one of them. */
function workOf(sample: Sample): number {
  const { layers } = footprint(modelOf([sample]), { bytes: 0 });
  const amounts = layers.filter(({ op }) => op === sample.op).map(({ traffic, weightBytes, macs = 0 }) => traffic + weightBytes + macs / 8);
  return Math.max(0, ...amounts);
}

/** Kinds of operators that take turns in a model: a kernel that has just run is quicker than one that has not for long, and models have both. */
const KINDS = [1, 6];

/**
 * A few samples at once, of so many operators in turns, the least work first: layers that lie side by side in a model are about as large as each other, and
 * a small one after a large one finds its things gone from caches.
 */
function groupsOf(samples: readonly Sample[], together: number): Sample[][] {
  const waiting = new Map<string, Sample[]>();
  const work = new Map(samples.map((sample) => [sample, workOf(sample)]));
  const inOrder = new Random(1).shuffle([...samples]).sort((a, b) => (work.get(b) ?? 0) - (work.get(a) ?? 0));
  for (const sample of inOrder) addTo(waiting, sample.op, sample);
  const groups: Sample[][] = [];
  while (waiting.size > 0) {
    const kinds = [...waiting].sort(([, a], [, b]) => b.length - a.length).slice(0, together);
    const group: Sample[] = [];
    for (let turn = 0; turn < AT_ONCE / together; turn++) group.push(...kinds.flatMap(([, left]) => left.pop() ?? []));
    for (const [op, left] of kinds) if (left.length === 0) waiting.delete(op);
    groups.push(group);
  }
  return groups;
}
