import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { Graph, Model, type Node, staticShape } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { quantizeDynamic, quantizeWeights } from '../dynamic.js';
import { planQuantization } from '../plan.js';
import { writeQuantized } from '../write.js';

export type TimedMode = 'static' | 'dynamic' | 'weights';

/** Range of made-up activations: how long a layer takes does not depend on it. */
const RANGE = { min: -3, max: 3 };

/** A layer as a model of its own, its activations being inputs; undefined where a shape of them is not known. */
export function layerModel(node: Node, opsets: Model['opsets']): Model | undefined {
  const model = new Model(new Graph('layer'), 17);
  for (const [domain, version] of opsets) model.opsets.set(domain, version);
  const build = typedBuilder(model.graph, model.opsets);
  const known = new Map<unknown, ReturnType<typeof build.input>>();
  const inputs = [];
  for (const [index, value] of node.inputs.entries()) {
    const shape = staticShape(value?.shape);
    if (value && !value.constant && (!shape || value.dtype !== 'float32')) return undefined;
    const made =
      value &&
      (known.get(value) ??
        (value.constant ? build.parameter(`weight${index}`, value.constant) : build.input(`x${index}`, 'float32', shape as number[])));
    if (value && made) known.set(value, made);
    inputs.push(made);
  }
  const outputs = build.node(node.op, inputs, Object.fromEntries(node.attributes), { outputs: node.outputs.length });
  for (const [index, output] of outputs.entries()) if (node.outputs[index]) build.output(output, `y${index}`);
  return model;
}

/**
 * The same layer quantized. In static mode its neighbours are taken to be quantized, too: integers go in, and come out where its kernel makes them.
 * @throws UnsupportedError where the layer has nothing to quantize.
 */
export async function quantizedLayer(layer: Model, mode: TimedMode, runtime: Runtime): Promise<Model> {
  if (mode !== 'static') return (await (mode === 'dynamic' ? quantizeDynamic : quantizeWeights)(layer, runtime)).model;
  const plan = planQuantization(layer.graph);
  const ranges = new Map([...plan.values].map(([, from]) => [from, RANGE]));
  const { model } = writeQuantized({
    model: layer,
    plan,
    ranges,
    weight: { type: 'int8', perChannel: true, reduceRange: false },
    activationType: 'uint8',
  });
  withoutEdges(model);
  return model;
}

/** Takes away the conversions at the ends, in place. */
function withoutEdges(model: Model): void {
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets);
  for (const input of [...graph.inputs]) {
    const [use, ...others] = input.uses();
    const integers = use?.node.op === 'QuantizeLinear' && others.length === 0 ? use.node.outputs[0] : undefined;
    const shape = staticShape(input.shape);
    if (!use || !integers || !shape) continue;
    graph.replace(integers, build.input(`${input.name}_integers`, 'uint8', shape));
    graph.remove(use.node);
    graph.inputs.splice(graph.inputs.indexOf(input), 1);
  }
  for (const output of [...graph.outputs]) {
    const last = output.producer;
    const [integers] = last?.inputs ?? [];
    if (last?.op !== 'DequantizeLinear' || integers?.producer?.op !== 'QuantizeLinear') continue;
    graph.outputs[graph.outputs.indexOf(output)] = integers;
    graph.remove(last);
  }
  graph.sort();
}
