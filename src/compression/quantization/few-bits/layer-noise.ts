import type { Activity } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, homeOf, type Model, Tensor } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import type { Task } from '../../../training/index.js';
import { affordable, measureSwitched } from '../sensitivity.js';
import { SWITCHES } from '../write.js';
import { dequantized } from './block-grid.js';
import type { FewBits, FewLayer, Form, Width } from './few-layers.js';
import { inOwnOrder, sitesOf } from './sites.js';

/** By layer and bits: how far the model's outputs are from the float model's where this weight alone is rounded; see `NoiseMeter`. */
export type LayerNoise = ReadonlyMap<FewLayer, ReadonlyMap<Width, number>>;

export interface LayerNoiseRequest extends Activity {
  few: FewBits;
  /** Absent where there is no data: a weight's own error, by its share of all weights, then stands in. */
  task?: Task;
  /** Layers that no sample reaches: measuring them says nothing. Default: none. */
  unseen?: ReadonlySet<FewLayer>;
  runtime: Runtime;
  threads?: number;
}

/** Numbers in all rounded weights, beyond which a model that holds them beside the float ones takes too much memory. */
const MOST_NUMBERS = 2 ** 26;

/**
 * What each layer alone loses in each number of bits. Fewer than 8 are measured on the calibration part, all by one model whose roundings are switched on and off
 * at run time; where that would take too long, and for 8 bits, the noise grows with the error of the weight.
 */
export async function layerNoise(request: LayerNoiseRequest): Promise<LayerNoise> {
  const { few, task } = request;
  const numbers = few.layers.reduce((sum, { site, forms }) => sum + site.weight.values.length * forms.size, 0);
  const measured = task && task.splits.calibration.size > 0 && numbers <= MOST_NUMBERS ? await measure({ ...request, task }) : new Map();
  return new Map(few.layers.map((layer) => [layer, filledUp(layer, measured.get(layer), ratioOf(measured), numbers)]));
}

async function measure(request: LayerNoiseRequest & { task: Task }): Promise<Map<FewLayer, Map<Width, number>>> {
  const { few, task, unseen } = request;
  const switches = few.layers
    .filter((layer) => !unseen?.has(layer))
    .flatMap((layer) => [...layer.forms].flatMap(([width, form]) => (form.blocked ? [{ layer, width, form }] : [])))
    .sort((a, b) => b.form.error - a.form.error);
  const { samples, most } = await affordable(few.model, task, switches.length);
  const chosen = switches.slice(0, most);
  const settings = chosen.map((_, index) => Uint8Array.from(chosen, (_, other) => Number(other === index)));
  const model = switched(few, chosen);
  const results = await measureSwitched({ ...request, model, original: few.model, settings, samples });
  const found = new Map<FewLayer, Map<Width, number>>();
  chosen.forEach(({ layer, width }, index) => {
    found.set(layer, (found.get(layer) ?? new Map()).set(width, results[index].noise));
  });
  return found;
}

/** The float model with a choice in front of each weight. */
function switched(few: FewBits, choices: readonly { layer: FewLayer; form: Form }[]): Model {
  const model = copyModel(few.model);
  const sites = sitesOf(model, few.plan);
  const input = typedBuilder(model.graph, model.opsets).input(SWITCHES, 'bool', [choices.length]);
  const now = new Map(sites.map((site) => [site, site.value]));
  choices.forEach(({ layer, form }, index) => {
    const site = sites[layer.index];
    if (!form.blocked) return;
    // What a body holds can only be read there.
    const build = typedBuilder(homeOf(site.value, site.uses[0].node.graph) ?? site.place, model.opsets);
    const numbers = inOwnOrder(site, dequantized(form.blocked, site.weight.columns));
    const rounded = build.parameter('rounded', Tensor.of('float32', site.shape, numbers));
    const isOn = build.op('Gather', [input, build.scalar(index, 'int64')]);
    now.set(site, build.op('Where', [isOn, rounded, now.get(site)]));
  });
  for (const [site, value] of now) if (value !== site.value) for (const { node, index } of site.uses) node.setInput(index, value);
  model.graph.sort();
  return model;
}

/** How much noise goes with a weight's error, on average over what was measured; 1 where nothing was. */
function ratioOf(measured: ReadonlyMap<FewLayer, ReadonlyMap<Width, number>>): number | undefined {
  let [noise, error] = [0, 0];
  for (const [{ forms }, widths] of measured) {
    for (const [width, value] of widths) {
      noise += value;
      error += forms.get(width)?.error ?? 0;
    }
  }
  return error > 0 ? noise / error : undefined;
}

function filledUp(
  { site, forms }: FewLayer,
  measured: ReadonlyMap<Width, number> | undefined,
  ratio: number | undefined,
  numbers: number,
): Map<Width, number> {
  const [known] = measured ?? [];
  const error = known && forms.get(known[0])?.error;
  const own = known && error ? known[1] / error : (ratio ?? site.weight.values.length / numbers);
  return new Map([...forms].map(([width, form]) => [width, measured?.get(width) ?? own * form.error]));
}
