import type { Model } from '../../onnx/index.js';
import type { Quality } from '../../training/index.js';
import {
  agrees,
  attempt,
  type Candidate,
  type CandidateRequest,
  fits,
  isBetter,
  lossOf,
  type Search,
  type Whole,
  withWhole,
} from './candidates.js';
import type { Plan } from './plan.js';
import { type Prepared, planWithout } from './prepared.js';
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
}

/**
 * Quantizes as much as the tolerance allows: everything, or else everything but the fewest of the most sensitive layers. Their number is found
 * by doubling and halving, each try measured as the integer model that would be shipped.
 */
export function quantizeWithin(request: SearchRequest): Promise<SearchResult> {
  return withWhole(request, (whole) => restored(request, whole));
}

async function restored({ sensitivity: wanted }: SearchRequest, { search, whole }: Whole): Promise<SearchResult> {
  const { prepared, before, tolerance } = search;
  const needed = !fits(search, whole);
  const sensitivity = needed || wanted ? await measureSensitivity(search) : [];
  const best = needed ? await fewestRestored(search, whole, sensitivity) : whole;
  const { model, plan, restored, quality: after } = best;
  return {
    model,
    plan,
    prepared,
    restored,
    sensitivity,
    before,
    after,
    loss: lossOf(search, best),
    wholeLoss: lossOf(search, whole),
    ...changeOf(whole.quality, tolerance),
  };
}

function changeOf(quality: Quality, tolerance: number): Pick<SearchResult, 'wholeChange'> {
  return agrees(quality, tolerance) ? {} : { wholeChange: 1 - (quality.agreement?.value as number) };
}

/** The number is looked for around the one that the layers' own noise foretells: outwards in growing steps, then in between. */
async function fewestRestored(search: Search, whole: Candidate, sensitivity: readonly LayerSensitivity[]): Promise<Candidate> {
  // Layers that were not measured come after those that were.
  const order = [...new Set([...sensitivity.map(({ layer }) => layer), ...byOwnNoise(search.prepared).map(({ node }) => node)])];
  const most = mostRestored(search.prepared, order);
  if (most < 1) return whole;
  let best = whole;
  let found: Candidate | undefined;
  let [low, high] = [0, most + 1];
  const measure = async (count: number) => {
    const candidate = await attempt(search, order.slice(0, count));
    if (isBetter(candidate.quality, best.quality, search)) best = candidate;
    if (fits(search, candidate)) [found, high] = [candidate, count];
    else low = count;
  };
  const start = foretold(search, whole, sensitivity, most);
  await measure(start);
  const upwards = !found;
  for (let step = 1; high - low > 1 && (upwards ? !found : low === 0); step *= 2)
    await measure(upwards ? Math.min(most, low + step) : Math.max(1, high - step));
  while (found && high - low > 1 + Math.floor(order.length / COARSE)) await measure((low + high) >> 1);
  return found ?? best;
}

/** Share of the weights' numbers that must stay integers: with less the file is hardly smaller, and quantizing it was for nothing. */
const LEAST_KEPT = 0.25;

/** How many layers, from the first on, can go back to float: others that read or make what they do may go with them. */
function mostRestored(prepared: Prepared, order: readonly string[]): number {
  const nodes = new Map(prepared.model.graph.nodes.map((node) => [node.name, node]));
  const sizeOf = ({ layers }: Plan) =>
    layers.reduce((sum, { node, weight }) => sum + ((weight && nodes.get(node)?.inputs[weight.input]?.constant?.size) ?? 0), 0);
  const whole = sizeOf(prepared.plan);
  let [low, high] = [0, order.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sizeOf(planWithout(prepared, order.slice(0, middle))) >= LEAST_KEPT * whole) low = middle;
    else high = middle;
  }
  return low;
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
