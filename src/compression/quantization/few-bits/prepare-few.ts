import { namesText } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, type Model, nodesOf, removeDeadCode, Tensor } from '../../../onnx/index.js';
import { MOST_COLUMNS } from '../../curvature.js';
import { planMoved, remarksOfMoves } from '../moved.js';
import type { Plan } from '../plan.js';
import { evened } from '../scales/evened.js';
import { dequantizeWeight, quantizeWeight, type WeightOptions, weightGrid } from '../weights.js';
import { writeQuantized } from '../write.js';
import type { Bits } from './block-grid.js';
import { type FewBits, type FewLayer, type Form, type Width, widthFrom } from './few-layers.js';
import { learnRoundings } from './learned-rounding.js';
import { type BlockOptions, checkBlockSize } from './options.js';
import { neededBy, type Rounded, type Rounding, relativeError, roundAll } from './roundings.js';
import { type Site, sitesOf } from './sites.js';
import { BlockWriter, bytesOf } from './write-blocks.js';

/** The first opset with uint4. */
const BLOCK_OPSET = 21;

/** How weights of 8 bits are stored. */
const WHOLE_BYTES: WeightOptions = { type: 'int8', perChannel: true, reduceRange: false };

/** A weight of 8 bits comes with its nodes, a scale for each channel, and names. */
const AROUND = 160;

/** Rounds every weight to each of the widths, and to 8 bits. @throws OptionError as quantizeBlocks. */
export async function prepareFewBits(
  source: Model,
  runtime: Runtime,
  options: Omit<BlockOptions, 'bits'> & { widths: readonly Bits[] },
): Promise<FewBits> {
  const { widths, blockSize = 32, rounding: wished = 'hqq', samples = 128, steps = 1000, seed = 0, moves = [], task } = options;
  // What is learned starts from there.
  const rounding = wished === 'adaround' ? 'hqq' : wished;
  checkBlockSize(blockSize);
  if (wished === 'adaround') neededBy(wished, task);
  const planned = await planMoved(source, runtime, options, moves, BLOCK_OPSET);
  const { threads, signal } = options;
  const even = task && options.even !== false && (await evened({ model: planned.model, task, runtime, threads, signal }));
  const { model, plan, places } = { ...planned, ...(even && { model: even.model }) };
  const sites = sitesOf(model, plan);
  const forms = await roundAll({ ...options, model, runtime, sites, rounding, bits: widths, blockSize, samples, seed });
  const layers = sites.flatMap((site, index) => {
    const few = [...(forms.get(site) ?? [])].map(([bits, form]): [Width, Form] => [
      bits,
      { ...form, bytes: bytesOf(site.weight, bits, form.blocked.grid.blockSize, site.reading) },
    ]);
    const usable = worthwhile([...few, [8, inWholeBytes(site)]], 4 * site.weight.values.length);
    return usable.size > 0 && [...usable.keys()].some((width) => width < 8) ? [{ site, index, forms: usable }] : [];
  });
  const few = {
    model,
    plan,
    layers,
    others: othersOf(plan, sites, layers),
    places,
    remarks: [...remarksOfMoves(places), ...(even ? [even.remark] : []), ...remarksOf(layers, rounding)],
  };
  if (wished !== 'adaround') return few;
  return learnRoundings({ ...options, few, sites, widths, task: neededBy(wished, task), samples, steps, seed, runtime });
}

/** Nodes whose weights are stored in 8 bits whatever is wished. */
function othersOf(plan: Plan, sites: readonly Site[], layers: readonly FewLayer[]): FewBits['others'] {
  const nodesOfSites = (some: readonly Site[]) => new Set(some.flatMap(({ uses }) => uses.map(({ node }) => node.name)));
  const [few, all] = [nodesOfSites(layers.map(({ site }) => site)), nodesOfSites(sites)];
  const names = [...plan.stored.map(({ node }) => node), ...plan.tables].filter((name) => !few.has(name));
  return new Map(names.map((name) => [name, all.has(name) ? 'no smaller' : 'read otherwise']));
}

/** The forms that are smaller than all with more bits, and than the floats. */
function worthwhile(forms: [Width, Form][], floats: number): Map<Width, Form> {
  let least = floats;
  const kept = forms
    .sort(([a], [b]) => b - a)
    .filter(([, { bytes }]) => {
      const smaller = bytes < least;
      if (smaller) least = bytes;
      return smaller;
    });
  return new Map(kept.reverse());
}

function inWholeBytes(site: Site): Form {
  const { weight, shape } = site;
  const tensor = Tensor.of('float32', [weight.rows, weight.columns], weight.values);
  const grid = weightGrid(tensor, 0, WHOLE_BYTES);
  const error = relativeError(weight, dequantizeWeight(quantizeWeight(tensor, grid), grid).data() as Float32Array);
  return { bytes: weight.values.length + 5 * Math.max(...shape.slice(0, 2)) + AROUND, rounding: 'nearest', error };
}

function remarksOf(layers: readonly FewLayer[], rounding: Rounding): string[] {
  const fallen = layers.filter(({ forms }) =>
    [...forms.values()].some((form: Pick<Rounded, 'rounding'> & Form) => form.blocked && form.rounding !== rounding),
  );
  if (fallen.length === 0) return [];
  const names = namesText(fallen.map(({ site }) => site.node));
  return [
    `Rounded by hqq rather than gptq, for being no plain product, grouped, too wide (${MOST_COLUMNS} inputs at most) or never fed: ${names}.`,
  ];
}

/** The model with each layer at the bits that are wished for it; whatever else can be stored as integers is stored in 8 bits. */
export function writeFewBits(few: FewBits, wished: (layer: FewLayer) => Width): Model {
  const model = copyModel(few.model);
  // The sites of the copy, which come in the same order.
  const sites = sitesOf(model, few.plan);
  const done = new Set<string>();
  const writer = new BlockWriter(model);
  for (const layer of few.layers) {
    const site = sites[layer.index];
    const { blocked } = layer.forms.get(widthFrom(layer, wished(layer))) ?? {};
    if (!blocked) continue;
    for (const { node, index } of site.uses) done.add(`${node.name} ${index}`);
    writer.write(site, blocked);
  }
  const left = {
    ...few.plan,
    stored: few.plan.stored.filter(({ node, weight }) => !done.has(`${node} ${weight?.input}`)),
    tables: few.plan.tables.filter((name) => !done.has(`${name} 0`)),
  };
  removeDeadCode(model.graph);
  model.graph.sort();
  const known = new Set(nodesOf(model.graph).map(({ name }) => name));
  const rest = { ...left, stored: left.stored.filter(({ node }) => known.has(node)) };
  return writeQuantized({ ranges: new Map(), weight: WHOLE_BYTES, activationType: 'uint8', model, plan: rest }).model;
}
