import type { Activity } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { ortNode } from '../../../infrastructure/targets/ort-node/index.js';
import { type Model, type Node, nodesOf } from '../../../onnx/index.js';
import { costOfFeeds, type Trials } from '../../../training/index.js';
import {
  isDynamic,
  type Planned,
  storage,
  type WithoutDataOptions,
  type WithoutDataResult,
  writeDynamic,
  writeStored,
} from '../dynamic.js';
import { type Moves, planMoved } from '../moved.js';
import { movedAlone } from '../scales/alone.js';
import type { Migration } from '../scales/migrate.js';
import { switchedSeconds } from '../sensitivity.js';
import { leftByFiles } from './by-files.js';
import { type Choice, chooseParts } from './choose-parts.js';
import { Following } from './following.js';
import { type Part, type SwitchedStorage, switchedStorage } from './switched-storage.js';
import { TrialNoise } from './trial-noise.js';

export interface MendRequest extends Pick<Activity, 'signal'> {
  model: Model;
  mode: 'dynamic' | 'weights';
  trials: Trials;
  runtime: Runtime;
  threads?: number;
  options: WithoutDataOptions;
  /** Which scales move in any case, and which where it helps. */
  moves: Moves;
}

export interface Mended extends WithoutDataResult {
  /** What was done to it. */
  readonly repairs: ReadonlyMap<Migration, number>;
  /** Layers with float weights, and those that compute in float with integer weights, by name. */
  readonly inFloat: readonly string[];
  readonly storing: readonly string[];
  readonly layers: number;
  /** SQNR in dB of the worst output on the trials: as it would be with everything rounded, and as it is. */
  readonly whole: number;
  readonly sqnr: number;
  /** What it was measured on, for people. */
  readonly inputs: string;
  /** Whether closer would take too many weights in float. */
  readonly isRelaxed: boolean;
}

/**
 * Finds the model without fixed ranges that loses least of the outputs: scales move by the model's constants alone, and as few weights and activations as are
 * needed stay in float. All choices are measured in one graph whose roundings are switched.
 * @returns undefined where everything rounded is good enough on these trials.
 */
export async function mend(request: MendRequest): Promise<Mended | undefined> {
  const { model: source, runtime, options, moves } = request;
  const perChannel = options.perChannel ?? true;
  const planned = await planMoved(source, runtime, options, moves.always);
  const plain = await begun(request, planned);
  try {
    if (plain.share <= 1) return await shownByFiles(request, { base: plain, repairs: planned.places });
    const moved = movedAlone(planned.model, moves.auto, perChannel);
    const other = moved && (await begun(request, { ...planned, model: moved.model }));
    try {
      const isBetter = moved !== undefined && other !== undefined && (other.share <= 1 || other.share <= plain.share * MOST_LEFT);
      const base = isBetter ? other : plain;
      const repairs = new Map([...planned.places, ...(isBetter ? moved.places : [])]);
      const choice = await choiceOf(base);
      const found = { base, choice, whole: plain.noise.sqnrOf(all(plain)), sqnr: base.noise.sqnrOf(kept(base, choice)), repairs };
      return (choice.share <= 1 && (await shownByFiles(request, found))) || written(request, found);
    } finally {
      await other?.noise.dispose();
    }
  } finally {
    await plain.noise.dispose();
  }
}

/** Share of the noise that moved scales may leave: what takes less than 6 dB may be chance on inputs that are few or made up. */
export const MOST_LEFT = 0.25;

/** A model with its roundings switched. */
interface Begun {
  planned: Planned;
  storage: SwitchedStorage;
  noise: TrialNoise;
  /** Of what is allowed, with everything rounded. */
  share: number;
  /** Measurements of parts at most. */
  most: number;
}

/** Seconds that measurements of single parts may take on a small machine, by the estimate below. */
const SECONDS = 20;
const MOST_RUNS = 8;
const FEWEST_RUNS = 2;

/** Seconds of a run with the first of the trials' inputs. */
async function secondsOf(model: Model, trials: Trials): Promise<number> {
  for await (const feeds of trials.feeds()) return switchedSeconds(costOfFeeds(model, feeds));
  return 0;
}

async function begun(request: MendRequest, planned: Planned): Promise<Begun> {
  const { mode, options } = request;
  const { kernels } = options.target ?? ortNode;
  const nodes = new Map(nodesOf(planned.model.graph).map((node) => [node.name, node]));
  const isInteger = (name: string) => mode === 'dynamic' && isDynamic(nodes.get(name) as Node, kernels);
  const switched = switchedStorage(planned.model, planned.plan, storage(options.perChannel ?? true).weight, isInteger);
  const runs = Math.floor(SECONDS / Math.max(1e-4, await secondsOf(planned.model, request.trials)));
  const each = Math.max(FEWEST_RUNS, Math.min(MOST_RUNS, Math.floor(runs / (2 * switched.parts.length))));
  const noise = await TrialNoise.of({ ...request, storage: switched, most: each });
  return { planned, storage: switched, noise, share: await noise.of(switched.parts.keys()), most: Math.max(2, Math.floor(runs / each)) };
}

function all({ storage: { parts } }: Begun): Iterable<number> {
  return parts.keys();
}

/** Numbers of all weights that stay integers, as a share, where closeness beyond what is sound is all that is at stake: the file is then at most 3/8 larger. */
const LEAST_KEPT = 7 / 8;
/** What is allowed where that is not enough: 5 dB more noise. */
const RELAXED = 10 ** 0.5;

interface Chosen extends Choice {
  isRelaxed: boolean;
}

async function choiceOf({ storage: { parts }, noise, share, most }: Begun): Promise<Chosen> {
  if (share <= 1) return { left: new Set(), share, isRelaxed: false };
  const choose = (relaxed: number) => chooseParts({ parts, measure: async (on) => (await noise.of(on)) / relaxed, most });
  const strict = await choose(1);
  if (keptOf(parts, strict) >= LEAST_KEPT) return { ...strict, isRelaxed: false };
  return { ...(await choose(RELAXED)), isRelaxed: true };
}

function keptOf(parts: readonly Part[], { left }: Choice): number {
  const [total, gone] = [parts, parts.filter((_, index) => left.has(index))].map((some) => some.reduce((sum, { size }) => sum + size, 0));
  return 1 - gone / Math.max(1, total);
}

interface Found extends Pick<Mended, 'whole' | 'sqnr' | 'repairs'> {
  base: Begun;
  choice: Chosen;
}

/** The parts that a choice rounds. */
function kept({ storage: { parts } }: Begun, { left }: Choice): number[] {
  return [...parts.keys()].filter((part) => !left.has(part));
}

/** What written models show where the switched graph shows nothing any more; undefined where they follow as well. */
async function shownByFiles(
  request: MendRequest,
  { base, choice, whole, repairs }: Pick<Found, 'base' | 'repairs'> & Partial<Found>,
): Promise<Mended | undefined> {
  if (request.mode !== 'dynamic') return undefined;
  const following = await Following.of(request.model, request);
  const chosen = (left: ReadonlySet<number>) => ({ left, share: 1, isRelaxed: choice?.isRelaxed ?? false });
  const write = (left: ReadonlySet<number>) => written(request, { base, choice: chosen(left), whole: 0, sqnr: 0, repairs }).model;
  const allowed = choice?.isRelaxed ? RELAXED : 1;
  const found = await leftByFiles({ parts: base.storage.parts, left: choice?.left ?? new Set(), following, allowed, write });
  if (!found) return undefined;
  return written(request, { base, choice: chosen(found.left), whole: whole ?? found.before.sqnr, sqnr: found.now.sqnr, repairs });
}

function written({ mode, options }: MendRequest, { base, choice, whole, sqnr, repairs }: Found): Mended {
  const { parts } = base.storage;
  const leftOut = (rounds: Part['rounds']) =>
    parts.filter((part, index) => choice.left.has(index) && part.rounds === rounds).map(({ node }) => node);
  const inFloat = leftOut('weight');
  const gone = new Set(inFloat);
  const storing = leftOut('activation').filter((node) => !gone.has(node));
  const { model, plan } = base.planned;
  const rest = {
    ...plan,
    stored: plan.stored.filter(({ node }) => !gone.has(node)),
    tables: plan.tables.filter((node) => !gone.has(node)),
  };
  const write = mode === 'dynamic' ? writeDynamic : writeStored;
  const made = write({ model, plan: rest }, options, new Set(storing));
  const layers = new Set(parts.map(({ node }) => node)).size;
  return {
    ...made,
    repairs,
    inFloat,
    storing,
    layers,
    whole,
    sqnr,
    inputs: base.noise.inputs,
    isRelaxed: choice.isRelaxed,
  };
}
