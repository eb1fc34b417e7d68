import { type Activity, Stopped } from '../base/index.js';
import type { Batch } from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import { copiesOf, copyModel, type Model, Tensor, type Value } from '../onnx/index.js';
import { typedBuilder, upgradeInPlace } from '../ops/index.js';
import { feedsOf, type Task } from '../training/index.js';
import type { LayerCause } from './info.js';

/** Layers that are exchanged one by one: those whose own error is largest. */
const MOST_LAYERS = 64;
/** A layer that alone changes so many times what all changes together change is none: its value means other numbers in the two models. */
const UNLIKE = 10;
/** The first opset with Where. */
const WHERE_OPSET = 9;
const GIVEN = 'espalier.given.';
const OWN = 'espalier.own.';
const SWITCHES = 'espalier.switches';

/** What is asked of a batch of changed samples. */
export interface LayerRequest extends Activity {
  before: Model;
  after: Model;
  task: Task;
  batch: Batch;
  runtime: Runtime;
  threads?: number;
  /** How many of the batch's samples have other answers in the second outputs than in the first; undefined where answers are no sample's own. */
  countChanged(before: Record<string, Tensor>, after: Record<string, Tensor>): number | undefined;
}

/**
 * Finds which layers' change is behind other answers. Values that both models have under one name cut them into layers; each layer of the second model is
 * run on what the first model gives it, and the first model is run with that layer alone exchanged. What an exchange changes by itself is its doing.
 * @returns the layers, the one that changes most first; none where the models have no inner value of the same name and shape.
 */
export async function layerCauses(request: LayerRequest): Promise<LayerCause[]> {
  const { before, after, task } = request;
  let names = sharedValues(before, after, task.outputs);
  for (;;) {
    const causes = await causesAt(names, request);
    const unlike = new Set(causes.filter(({ share }) => share > UNLIKE).map(({ value }) => value));
    // Where operators were fused, a value may keep its name and not its meaning, and those behind it look wrong too: without it they are compared anew.
    const first = names.find((name) => unlike.has(name));
    if (first === undefined) return causes;
    names = names.filter((name) => name !== first);
  }
}

/** Exchanges the layers that end at these values one by one. */
async function causesAt(names: readonly string[], request: LayerRequest): Promise<LayerCause[]> {
  const { before, after, task, batch, onProgress, signal } = request;
  if (names.length === 0) return [];
  const feeds = feedsOf(task.feeds, batch);
  const first = await runOnce(exposed(before, [...names, ...task.outputs]), feeds, request);
  const second = await runOnce(after, feeds, request, task.outputs);
  const given = Object.fromEntries(names.map((name) => [`${GIVEN}${name}`, first[name]]));
  const own = await runOnce(separated(after, names), { ...feeds, ...given }, request);
  const errors = names.map((name) => ({ name, error: relativeError(first[name], own[`${OWN}${name}`]) }));
  const chosen = errors.sort((a, b) => b.error - a.error).slice(0, MOST_LAYERS);
  const whole = outputError(task, first, second);
  const program = await request.runtime.compile(
    switched(
      before,
      chosen.map(({ name }) => name),
    ),
    { threads: request.threads, signal },
  );
  const causes: LayerCause[] = [];
  try {
    const others = Object.fromEntries(chosen.map(({ name }) => [`${GIVEN}${name}`, own[`${OWN}${name}`]]));
    for (const [index, { name, error }] of chosen.entries()) {
      if (signal?.aborted) throw new Stopped('The comparison was stopped');
      const switches = Tensor.of(
        'bool',
        [chosen.length],
        Uint8Array.from(chosen, (_, each) => Number(each === index)),
      );
      const outputs = await program.run(copiesOf({ ...feeds, ...others, [SWITCHES]: switches }, program.inputs), task.outputs);
      const share = whole === 0 ? 0 : outputError(task, first, outputs) / whole;
      const samples = request.countChanged(first, outputs);
      causes.push({ value: name, op: operatorOf(before, name), error, ...(samples !== undefined && { samples }), share });
      onProgress?.({ task: 'layers', done: index + 1, total: chosen.length });
    }
  } finally {
    await program.dispose();
  }
  return causes.sort((a, b) => (b.samples ?? 0) - (a.samples ?? 0) || b.share - a.share);
}

/** Float values that nodes of both models make under the same name and in the same shape, in the first model's order. */
function sharedValues(before: Model, after: Model, outputs: readonly string[]): string[] {
  const others = new Map(producedBy(after).map((value) => [value.name, value]));
  return producedBy(before).flatMap((value) => {
    const other = others.get(value.name);
    const isSame = other && value.dtype === 'float32' && other.dtype === 'float32' && String(value.shape) === String(other.shape);
    return isSame && (value.users.length > 0 || outputs.includes(value.name)) ? [value.name] : [];
  });
}

function producedBy({ graph }: Model): Value[] {
  return graph.nodes.flatMap((node) => node.outputs.filter((value): value is Value => value !== undefined && !value.constant));
}

function operatorOf({ graph }: Model, name: string): string {
  return graph.nodes.find((node) => node.outputs.some((value) => value?.name === name))?.op ?? '';
}

/** The model with inner values as outputs. */
function exposed(source: Model, names: readonly string[]): Model {
  const model = copyModel(source);
  const { graph } = model;
  const byName = new Map(producedBy(model).map((value) => [value.name, value]));
  const known = new Set(graph.outputs.map(({ name }) => name));
  for (const name of names) if (!known.has(name)) graph.outputs.push(byName.get(name) as Value);
  return model;
}

/** The model with every named value given from outside to those who read it; what it makes of them itself are its outputs. */
function separated(source: Model, names: readonly string[]): Model {
  const model = copyModel(source);
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets, { prefix: 'espalier.separated' });
  const byName = new Map(producedBy(model).map((value) => [value.name, value]));
  graph.outputs.length = 0;
  for (const name of names) {
    const value = byName.get(name) as Value;
    const uses = value.uses();
    const given = build.input(`${GIVEN}${name}`, 'float32', value.shape ?? []);
    given.type = value.type;
    for (const { node, index } of uses) node.setInput(index, given);
    build.output(build.op('Identity', [value]), `${OWN}${name}`);
  }
  return model;
}

/** The model in which every named value can be exchanged, by a switch, for one that is given. */
function switched(source: Model, names: readonly string[]): Model {
  const model = copyModel(source);
  upgradeInPlace(model, WHERE_OPSET);
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets, { prefix: 'espalier.switched' });
  const byName = new Map(producedBy(model).map((value) => [value.name, value]));
  const switches = build.input(SWITCHES, 'bool', [names.length]);
  for (const [index, name] of names.entries()) {
    const value = byName.get(name) as Value;
    const uses = value.uses();
    const given = build.input(`${GIVEN}${name}`, 'float32', value.shape ?? []);
    given.type = value.type;
    const chosen = build.op('Where', [build.op('Gather', [switches, build.scalar(index, 'int64')], { axis: 0 }), given, value]);
    for (const use of uses) use.node.setInput(use.index, chosen);
    const place = graph.outputs.indexOf(value);
    if (place < 0) continue;
    // The output keeps its name; the value behind it gets another.
    value.name = graph.freshName(`${name}.before`);
    chosen.name = name;
    graph.outputs[place] = chosen;
  }
  graph.sort();
  return model;
}

async function runOnce(
  model: Model,
  feeds: Record<string, Tensor>,
  { runtime, threads, signal }: LayerRequest,
  outputs?: readonly string[],
): Promise<Record<string, Tensor>> {
  const program = await runtime.compile(model, { threads, signal });
  try {
    return await program.run(copiesOf(feeds, program.inputs), outputs);
  } finally {
    await program.dispose();
  }
}

function outputError({ outputs }: Task, before: Record<string, Tensor>, after: Record<string, Tensor>): number {
  return outputs.reduce((sum, name) => sum + relativeError(before[name], after[name]), 0);
}

/** Squared difference over the variance of the first. */
function relativeError(a: Tensor, b: Tensor): number {
  const [x, y] = [a.toFloat32(), b.toFloat32()];
  const mean = x.reduce((sum, value) => sum + value, 0) / Math.max(1, x.length);
  let [error, variance] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    error += (x[i] - y[i]) ** 2;
    variance += (x[i] - mean) ** 2;
  }
  return error === 0 ? 0 : error / (variance || Number.EPSILON);
}
