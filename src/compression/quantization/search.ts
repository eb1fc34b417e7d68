import { type Model, nodesOf } from '../../onnx/index.js';
import { FOLLOWS, type Quality } from '../../training/index.js';
import {
  agrees,
  attempt,
  attemptStoring,
  type Candidate,
  type CandidateRequest,
  fits,
  isBetter,
  lossOf,
  outputSqnrOf,
  type Search,
  type Whole,
  withStored,
  withWhole,
} from './candidates.js';
import type { Plan } from './plan.js';
import { type Prepared, planWithout, writePrepared } from './prepared.js';
import { byOwnNoise, type LayerSensitivity, measureSensitivity } from './sensitivity.js';

export interface SearchRequest extends CandidateRequest {
  /** Measure each layer's sensitivity also where nothing has to be left in float. */
  sensitivity: boolean;
}

export interface SearchResult {
  model: Model;
  plan: Plan;
  /** What was quantized: the request's, or what repairs made of it. */
  prepared: Prepared;
  /** Layers that were put back into float, by name. */
  restored: readonly string[];
  sensitivity: readonly LayerSensitivity[];
  /**
   * Quality of the float model and of the result, on the validation part (the calibration part where that is empty), or on its first samples
   * where the model is costly.
   */
  before: Quality;
  after: Quality;
  /** Loss of the result, and with everything quantized; see `lossBetween` in metrics. */
  loss: number;
  wholeLoss: number;
  /** Share of the answers that are others than the float model's with everything quantized, where that was too many. */
  wholeChange?: number;
  /** SQNR in dB of the worst output with everything quantized, where the float model is the truth. */
  wholeSqnr?: number;
}

/**
 * Quantizes as much as the tolerance allows: everything, or else everything but the fewest of the most sensitive layers. Their number is found
 * by halving, each try measured as the integer model that would be shipped.
 */
export function quantizeWithin(request: SearchRequest): Promise<SearchResult> {
  return withWhole(request, (whole) => restored(request, whole));
}

async function restored({ sensitivity: wanted }: SearchRequest, { search, whole }: Whole): Promise<SearchResult> {
  const { prepared, before, tolerance } = search;
  const needed = !fits(search, whole);
  const sensitivity = needed || wanted ? await measureSensitivity(search) : [];
  const best = needed ? await withStored(search, await fewestRestored(search, whole, sensitivity)) : whole;
  const { plan, restored, quality: after } = best;
  return {
    model: writePrepared(prepared, plan),
    plan,
    prepared,
    restored,
    sensitivity,
    before,
    after,
    loss: lossOf(search, best),
    wholeLoss: lossOf(search, whole),
    ...changeOf(whole.quality, tolerance),
    wholeSqnr: outputSqnrOf(whole),
  };
}

function changeOf(quality: Quality, tolerance: number): Pick<SearchResult, 'wholeChange'> {
  return agrees(quality, tolerance) ? {} : { wholeChange: 1 - (quality.agreement?.value as number) };
}

/**
 * The number is looked for by halving, first at the one that the layers' own noise foretells. Where none is within the tolerance, the fewest are taken with
 * which the outputs still follow the float model's.
 */
async function fewestRestored(search: Search, whole: Candidate, sensitivity: readonly LayerSensitivity[]): Promise<Candidate> {
  const { order, all, single } = await orderOf(search, sensitivity);
  let found = await alongOrder(search, { order, single, whole, start: (most) => foretold(search, whole, sensitivity, most) });
  let { best } = found;
  const known = [...sensitivity];
  for (let round = 0; round < MOST_ROUNDS && !found.isEnough && isPoor(best); round++) {
    // What stays in integers to the last was not measured where there are many layers, and one bad one among them spoils all.
    const measured = new Set(known.map(({ layer }) => layer));
    const last = found.last.plan.layers.map(({ node }) => node).filter((node) => !measured.has(node));
    if (last.length === 0) break;
    known.push(...(await measureSensitivity({ ...search, only: new Set(last) })));
    known.sort((a, b) => b.noise - a.noise);
    found = await alongOrder(search, { order: reordered(search.prepared, order, known), whole, start: (most) => most });
    if (found.isEnough || isBetter(found.best, best, search)) best = found.best;
  }
  if (all.length === order.length || fits(search, best)) return best;
  // Layers that hold too many of the weights to be floats can still compute in float with weights of integers.
  const stored = await alongOrder(search, { order: all, whole, start: () => 1, stores: true });
  return fits(search, stored.best) || isBetter(stored.best, best, search) ? stored.best : best;
}

/** SQNR in dB of the worst output below which a model is no use: somewhat above what may be written. */
const POOR = 12;

function isPoor(candidate: Candidate): boolean {
  return (outputSqnrOf(candidate) ?? POOR) < POOR;
}

/** How often layers are measured that would stay in integers to the last. */
const MOST_ROUNDS = 3;

/** An order in which those that are known to be bad come first, and those known to be good last. */
function reordered(prepared: Prepared, order: readonly string[], known: readonly LayerSensitivity[]): string[] {
  const bad = beyond(known, 10 ** (-FOLLOWS / 10));
  const measured = known.map(({ layer }) => layer);
  const unknown = order.filter((layer) => !measured.includes(layer));
  return affordable(prepared, [...bad, ...unknown, ...measured.filter((layer) => !bad.includes(layer))]);
}

/** The fewest layers, the worst first, without which the noise of the others adds up to no more than is allowed. */
function beyond(sensitivity: readonly LayerSensitivity[], allowed: number): string[] {
  let left = sensitivity.reduce((sum, { noise }) => sum + noise, 0);
  return sensitivity.flatMap(({ layer, noise }) => {
    if (left <= allowed) return [];
    left -= noise;
    return [layer];
  });
}

interface Along {
  order: readonly string[];
  /** With the first alone in float, where that is known. */
  single?: Candidate;
  whole: Candidate;
  /** The number that is tried first, of at most so many. */
  start(most: number): number;
  /** Whether weights are stored as integers, so that any number may go back to float. */
  stores?: boolean;
}

/** The best choice of the first layers of an order; whether it is enough; and with as many as can go back to float. */
async function alongOrder(search: Search, { order, single, whole, start, stores }: Along) {
  const most = stores ? order.length : mostRestored(search.prepared, order);
  const make = stores ? attemptStoring : attempt;
  if (most < 1) return { best: whole, last: whole, isEnough: false };
  const tried = new Map([[0, whole]]);
  if (single) tried.set(1, single);
  const measure = async (count: number) => {
    const candidate = tried.get(count) ?? (await make(search, order.slice(0, count)));
    tried.set(count, candidate);
    return candidate;
  };
  const coarse = 1 + Math.floor(order.length / COARSE);
  const found = await fewest({ measure, most, coarse, start: start(most), isEnough: (each) => fits(search, each) });
  if (found) return { best: found, last: tried.get(most) ?? whole, isEnough: true };
  const follows = (each: Candidate) => (outputSqnrOf(each) ?? Number.NEGATIVE_INFINITY) >= FOLLOWS;
  const following = [...tried].flatMap(([count, each]) => (follows(each) ? [count] : []));
  if (following.length > 0) {
    const best = await fewest({ measure, most, coarse, start: Math.min(...following), isEnough: follows });
    return { best: best ?? whole, last: tried.get(most) ?? whole, isEnough: true };
  }
  const best = [...tried.values()].reduce((one, each) => (isBetter(each, one, search) ? each : one));
  return { best, last: tried.get(most) ?? whole, isEnough: false };
}

interface Counting {
  measure: (count: number) => Promise<Candidate>;
  /** Largest and first number to be tried. */
  most: number;
  start: number;
  /** The number need not be known more closely. */
  coarse: number;
  isEnough: (candidate: Candidate) => boolean;
}

/** The candidate of about the smallest number that is enough, supposing that more layers in float are never worse and none are not enough. */
async function fewest({ measure, most, start, coarse, isEnough }: Counting): Promise<Candidate | undefined> {
  let found: Candidate | undefined;
  let [low, high] = [0, most + 1];
  const look = async (count: number) => {
    const candidate = await measure(count);
    if (isEnough(candidate)) [found, high] = [candidate, count];
    else low = count;
  };
  await look(start);
  // Where the most are too few, there is nothing to look for in between.
  if (!found && start < most) await look(most);
  while (found && high - low > coarse) await look((low + high) >> 1);
  return found;
}

/** Layers of which only the weight is stored, at most, that are tried one by one. */
const MOST_TRIALS = 16;

interface Order {
  readonly order: readonly string[];
  /** With those, too, that hold too many of the weights to go back to float. */
  readonly all: readonly string[];
  /** With the first alone in float, where that was measured to find the order. */
  readonly single?: Candidate;
}

/** All layers in the order in which they go back to float. Those that were not measured come after those that were. */
async function orderOf(search: Search, sensitivity: readonly LayerSensitivity[]): Promise<Order> {
  const { prepared } = search;
  const stored = [...new Set(prepared.plan.stored.map(({ node }) => node))];
  const trials = prepared.plan.layers.length === 0 && stored.length <= MOST_TRIALS ? await trialsOf(search, stored) : [];
  const ranked = trials.length > 0 ? trials.flatMap(({ restored }) => restored) : stored;
  const all = new Set([...sensitivity.map(({ layer }) => layer), ...byOwnNoise(prepared).map(({ node }) => node), ...ranked]);
  const order = affordable(prepared, [...all]);
  return { order, all: [...all], single: trials.find(({ restored: [layer] }) => layer === order[0]) };
}

/** Each layer alone back in float, the best first. */
async function trialsOf(search: Search, layers: readonly string[]): Promise<Candidate[]> {
  const trials: Candidate[] = [];
  for (const layer of layers) trials.push(await attempt(search, [layer]));
  return trials.sort((a, b) => Number(isBetter(b, a, search)) - Number(isBetter(a, b, search)));
}

/** Share of the weights' numbers that must stay integers: with less the file is hardly smaller, and quantizing it was for nothing. */
const LEAST_KEPT = 0.25;

/** The layers of an order without those, met on the way, with which too few numbers would stay integers. */
function affordable(prepared: Prepared, order: readonly string[]): string[] {
  const sizes = weightSizes(prepared);
  const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let kept = whole;
  return order.filter((layer) => {
    const without = kept - (sizes.get(layer) ?? 0);
    if (without < LEAST_KEPT * whole) return false;
    kept = without;
    return true;
  });
}

/** How many layers, from the first on, can go back to float: others that read or make what they do may go with them. */
function mostRestored(prepared: Prepared, order: readonly string[]): number {
  const sizes = weightSizes(prepared);
  const sizeOf = ({ layers, stored }: Plan) =>
    [...new Set([...layers, ...stored].map(({ node }) => node))].reduce((sum, node) => sum + (sizes.get(node) ?? 0), 0);
  const whole = sizeOf(prepared.plan);
  let [low, high] = [0, order.length + 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sizeOf(planWithout(prepared, order.slice(0, middle))) >= LEAST_KEPT * whole) low = middle;
    else high = middle;
  }
  return low;
}

/** How many numbers the weights of each layer have, by the node's name. */
function weightSizes({ model, plan }: Prepared): Map<string, number> {
  const nodes = new Map(nodesOf(model.graph).map((node) => [node.name, node]));
  const sizes = new Map<string, number>();
  for (const { node, weight } of [...plan.layers, ...plan.stored]) {
    const size = (weight && nodes.get(node)?.inputs[weight.input]?.constant?.size) ?? 0;
    sizes.set(node, (sizes.get(node) ?? 0) + size);
  }
  return sizes;
}

/** Of so many layers, one more or less in float makes no difference that is worth another measurement. */
const COARSE = 64;

/** The fewest layers without which the noise that is left is the share of the whole that the tolerance allows. */
function foretold(search: Search, whole: Candidate, sensitivity: readonly LayerSensitivity[], most: number): number {
  const noise = sensitivity.reduce((sum, each) => sum + each.noise, 0);
  const loss = lossOf(search, whole);
  if (!(loss > search.tolerance) || !(noise > 0) || !Number.isFinite(noise)) return 1;
  let left = noise;
  const count = sensitivity.findIndex((each) => {
    const isEnough = left / noise <= search.tolerance / loss;
    left -= each.noise;
    return isEnough;
  });
  return Math.min(most, Math.max(1, count === -1 ? sensitivity.length : count));
}
