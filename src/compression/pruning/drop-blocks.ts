import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { copyModel, type Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import { visitValues } from '../layer-inputs.js';
import { findBlocks, removeBlocks } from './blocks.js';
import { Cost, type CostKind } from './cost.js';
import { findDependencies } from './dependencies.js';
import { restoreOpenShapes, staticCopy } from './prepare.js';

export interface BlockRequest extends Pick<Activity, 'signal'> {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
  threads?: number;
  of: CostKind;
  /** Fraction of the cost that is kept, in (0, 1). */
  keep: number;
  /** Most that the outputs may change altogether, as a share of their variance. Default: any. */
  mostChange?: number;
}

export interface DroppedBlocks {
  model: Model;
  before: number;
  after: number;
  /** Names of the sums whose branches went, in that order, with the change of the outputs up to each. */
  dropped: { name: string; change: number }[];
  /** How many branches there were. */
  found: number;
}

/** Samples that changes are measured on. */
const SAMPLES = 64;

/**
 * Removes whole residual branches, x + f(x) becoming x: again and again the one without which the outputs change least for the cost that it
 * saves, measured on calibration data without labels (as in ShortGPT, Men et al. 2024, arXiv 2403.03853, with the outputs in place of the
 * hidden states). None goes that would bring the cost below the target.
 */
export async function dropBlocks(request: BlockRequest): Promise<DroppedBlocks> {
  const { model: source, of, keep, mostChange = Number.POSITIVE_INFINITY } = request;
  const work = staticCopy(source);
  const names = [...new Set(findBlocks(work.graph).map(({ name }) => name))];
  const before = costOf(work, of);
  const target = keep * before;
  const dropped: DroppedBlocks['dropped'] = [];
  let model = source;
  let after = before;
  if (names.length === 0) return { model, before, after, dropped, found: 0 };
  const reference = await Reference.of(request);
  const gone = new Set<string>();
  for (;;) {
    const options = names.flatMap((name) => {
      const smaller = withoutBlocks(source, new Set([...gone, name]));
      const cost = smaller.blocksLeft ? costOf(staticCopy(smaller.model), of) : Number.NaN;
      return !gone.has(name) && cost < after && cost >= target ? [{ name, model: smaller.model, cost }] : [];
    });
    let best: { name: string; model: Model; cost: number; change: number; price: number } | undefined;
    const changeBefore = dropped.at(-1)?.change ?? 0;
    for (const option of options) {
      const change = await reference.changeOf(option.model);
      const price = Math.max(0, change - changeBefore) / (after - option.cost);
      if (change <= mostChange && (!best || price < best.price)) best = { ...option, change, price };
    }
    if (!best) return { model, before, after, dropped, found: names.length };
    gone.add(best.name);
    dropped.push({ name: best.name, change: best.change });
    model = best.model;
    after = best.cost;
  }
}

function withoutBlocks(source: Model, names: ReadonlySet<string>): { model: Model; blocksLeft: boolean } {
  const model = staticCopy(source);
  const known = new Set(findBlocks(model.graph).map(({ name }) => name));
  removeBlocks(model, names);
  restoreOpenShapes(model, source);
  return { model, blocksLeft: [...names].every((name) => known.has(name)) };
}

function costOf(work: Model, of: CostKind): number {
  return new Cost(findDependencies(work), of).total;
}

/** Outputs of the whole model that others are compared with. */
class Reference {
  readonly #request: BlockRequest;
  readonly #outputs: ReadonlyMap<string, Float32Array[]>;

  private constructor(request: BlockRequest, outputs: ReadonlyMap<string, Float32Array[]>) {
    this.#request = request;
    this.#outputs = outputs;
  }

  static async of(request: BlockRequest): Promise<Reference> {
    return new Reference(request, await outputsOf(request, request.model));
  }

  /** The largest, over the outputs, of the mean square of the change over the variance. */
  async changeOf(model: Model): Promise<number> {
    let largest = 0;
    const outputs = await outputsOf(this.#request, model);
    for (const [name, parts] of this.#outputs) largest = Math.max(largest, relativeChange(parts, outputs.get(name) ?? []));
    return largest;
  }
}

async function outputsOf(request: BlockRequest, source: Model): Promise<Map<string, Float32Array[]>> {
  const model = copyModel(source);
  const values = model.graph.outputs.filter(({ dtype }) => dtype === 'float32').map(({ name }) => name);
  const found = new Map<string, Float32Array[]>(values.map((name) => [name, []]));
  await visitValues({ ...request, model, values, samples: SAMPLES }, (name, tensor) => {
    found.get(name)?.push(tensor.toFloat32().slice());
  });
  return found;
}

function relativeChange(reference: readonly Float32Array[], other: readonly Float32Array[]): number {
  let [sum, squares, changes, count] = [0, 0, 0, 0];
  reference.forEach((part, i) => {
    part.forEach((number, j) => {
      sum += number;
      squares += number ** 2;
      changes += (number - (other[i]?.[j] ?? 0)) ** 2;
      count++;
    });
  });
  const variance = squares - sum ** 2 / count;
  return changes === 0 ? 0 : variance > 0 ? changes / variance : Number.POSITIVE_INFINITY;
}
