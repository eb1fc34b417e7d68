import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Kernels, TargetFacts } from '../../infrastructure/targets/index.js';
import { ortNode } from '../../infrastructure/targets/ort-node/index.js';
import {
  type Graph,
  type GraphBuilder,
  graphsOf,
  type Model,
  type Node,
  nodesOf,
  removeDeadCode,
  Tensor,
  type Value,
} from '../../onnx/index.js';
import { layerOf, typedBuilder } from '../../ops/index.js';
import { checkExcluded } from './excluded.js';
import { type LeftInFloat, leftInFloat } from './left.js';
import { nothingToQuantize } from './nothing.js';
import { Places } from './places.js';
import { type Layer, type Plan, type PlanOptions, planQuantization } from './plan.js';
import { prepareModel } from './prepare.js';
import { quantizeWeight, type WeightOptions, weightGrid } from './weights.js';
import { writeQuantized } from './write.js';

export interface WithoutDataOptions {
  /** One weight scale for each output channel rather than one for all. Default true. */
  perChannel?: boolean;
  /** Nodes to leave in floating point, by name. */
  exclude?: readonly string[];
  /** Operators that may be quantized. Default: all that can. */
  operators?: readonly string[];
  /** What the model is for: its kernels decide what is worth integers. Default: ONNX Runtime. */
  target?: Pick<TargetFacts, 'kernels'>;
}

export interface WithoutDataResult {
  model: Model;
  plan: Plan;
  /** Large weights that are not stored as integers; the largest first. */
  left: readonly LeftInFloat[];
}

/**
 * Quantizes weights beforehand and activations as they come, each tensor by its own range: DynamicQuantizeLinear, then MatMulInteger or
 * ConvInteger; in branches of If and bodies of Loop and Scan, too. Needs no data. Layers without such an operator keep float arithmetic and store
 * their weights as int8.
 * @throws UnsupportedError where there is nothing to quantize.
 */
export async function quantizeDynamic(source: Model, runtime: Runtime, options: WithoutDataOptions = {}): Promise<WithoutDataResult> {
  return writeDynamic(await planWithoutData(source, runtime, options), options);
}

/** The dynamic form of a prepared model. @param stores names of layers that only store their weights, whatever operators there are. */
export function writeDynamic(
  { model: prepared, plan }: Planned,
  options: WithoutDataOptions,
  stores?: ReadonlySet<string>,
): WithoutDataResult {
  const perChannel = options.perChannel ?? true;
  const { kernels } = options.target ?? ortNode;
  const nodes = new Map(nodesOf(prepared.graph).map((node) => [node.name, node]));
  const dynamic = plan.stored.filter((layer) => !stores?.has(layer.node) && isDynamic(nodes.get(layer.node) as Node, kernels));
  const rest = { ...plan, stored: plan.stored.filter((layer) => !dynamic.includes(layer)) };
  const { model } = writeQuantized({ ...storage(perChannel), model: prepared, plan: rest });
  const writer = new DynamicWriter(model, perChannel, kernels);
  const copies = new Map(nodesOf(model.graph).map((node) => [node.name, node]));
  for (const layer of dynamic) writer.layer(copies.get(layer.node) as Node, layer);
  removeDeadCode(model.graph);
  model.graph.sort();
  return { model, plan, left: leftInFloat(model.graph) };
}

/**
 * Stores weights as int8, a quarter of the size, and computes in floating point as before. Needs no data, and loses least.
 * @throws UnsupportedError where there is nothing to quantize.
 */
export async function quantizeWeights(source: Model, runtime: Runtime, options: WithoutDataOptions = {}): Promise<WithoutDataResult> {
  return writeStored(await planWithoutData(source, runtime, options), options);
}

/** The weights-only form of a prepared model. */
export function writeStored({ model: prepared, plan }: Planned, { perChannel = true }: WithoutDataOptions): WithoutDataResult {
  const { model } = writeQuantized({ ...storage(perChannel), model: prepared, plan });
  return { model, plan, left: leftInFloat(model.graph) };
}

/** A prepared model, and what is stored of it. */
export interface Planned {
  model: Model;
  plan: Plan;
}

/** How weights are stored. */
export function storage(perChannel: boolean) {
  return { ranges: new Map(), weight: { type: 'int8', perChannel, reduceRange: false }, activationType: 'uint8' } as const;
}

/** A plan in which every layer only stores its weight. */
export async function planWithoutData(source: Model, runtime: Runtime, options: WithoutDataOptions, opset?: number): Promise<Planned> {
  const model = await prepareModel(source, runtime, { ...(opset && { opset }), normalizationToConvolution: false });
  checkExcluded(model, options.exclude ?? []);
  const plan = planQuantization(model.graph, planOptions(options));
  const weighted = plan.layers.filter((layer) => layer.weight);
  const stored = [...weighted, ...plan.stored];
  if (stored.length + plan.tables.length === 0) throw nothingToQuantize(source);
  return { model, plan: { layers: [], values: new Map(), stored, tables: plan.tables } };
}

export function planOptions(options: Pick<WithoutDataOptions, 'exclude' | 'operators' | 'target'>): PlanOptions {
  return {
    exclude: options.exclude && new Set(options.exclude),
    operators: options.operators && new Set(options.operators),
    target: options.target,
  };
}

/** Products whose left side is the activation as it is, and convolutions. */
export function isDynamic(node: Node, kernels: Kernels): boolean {
  if (kernels.integer(node) === 'none') return false;
  return node.int('transA', 0) === 0;
}

class DynamicWriter {
  readonly #places: Places;
  readonly #perChannel: boolean;
  readonly #kernels: Kernels;
  readonly #builders = new Map<Graph, GraphBuilder>();
  readonly #activations = new Map<Graph, Map<Value, Value[]>>();
  readonly #weights = new Map<Value, Map<string, Value>>();

  constructor(model: Model, perChannel: boolean, kernels: Kernels) {
    this.#kernels = kernels;
    this.#perChannel = perChannel;
    this.#places = new Places(model.graph);
    for (const graph of graphsOf(model.graph)) this.#builders.set(graph, typedBuilder(graph, model.opsets));
  }

  /** Replaces a layer by its integer form: float(product) · (scale of x · scale of w) + bias. */
  layer(node: Node, layer: Layer): void {
    const graph = node.graph as Graph;
    const build = this.#builders.get(graph) as GraphBuilder;
    const input = node.inputs[layer.activations[0]] as Value;
    const value = node.inputs[layer.weight?.input as number] as Value;
    const bias = layer.bias === undefined ? undefined : (node.inputs[layer.bias]?.constant as Tensor);
    const [quantized, scale, zeroPoint] = this.#activation(graph, input);
    const isProduct = layerOf(node)?.kind === 'matrix';
    const weight = value.constant as Tensor;
    const transposed = isProduct && node.int('transB', 0) === 1;
    const options: WeightOptions = { type: this.#kernels.quickWeights(node), perChannel: this.#perChannel, reduceRange: false };
    const grid = weightGrid(weight, layer.weight?.axis, options);
    const shape = grid.axis === undefined ? [] : isProduct ? [grid.scales.length] : channelShape(weight);
    const whole = quantizeWeight(weight, grid);
    const integers = this.#weight(value, `${transposed ? 'transposed ' : ''}${grid.type}`, transposed ? transpose(whole) : whole);
    const attributes = isProduct ? {} : Object.fromEntries(node.attributes);
    const product = build.op(
      isProduct ? 'MatMulInteger' : 'ConvInteger',
      [quantized, integers, zeroPoint, build.scalar(grid.zeroPoint, grid.type)],
      attributes,
    );
    const factor = build.op('Mul', [scale, build.constant(Tensor.of('float32', shape, grid.scales))]);
    let result = build.op('Mul', [build.op('Cast', [product], { to: 1 }), factor]);
    if (bias) result = build.op('Add', [result, build.constant(isProduct ? bias : bias.reshape(channelShape(weight)))]);
    const [output] = node.outputs;
    graph.replace(output as Value, result);
    graph.remove(node);
  }

  /** An activation as integers, scale and zero point: once for all layers of a graph that read it. */
  #activation(graph: Graph, input: Value): Value[] {
    const known = this.#activations.get(graph) ?? new Map<Value, Value[]>();
    const build = this.#builders.get(graph) as GraphBuilder;
    const made = known.get(input) ?? build.node('DynamicQuantizeLinear', [input], {}, { outputs: 3 });
    this.#activations.set(graph, known.set(input, made));
    return made;
  }

  /** A weight's integers. */
  #weight(value: Value, form: string, tensor: Tensor): Value {
    const forms = this.#weights.get(value) ?? new Map<string, Value>();
    const known = forms.get(form);
    if (known) return known;
    const place = this.#places.of(value);
    const made = place.addInitializer(place.freshName(`${value.name}_quantized`), tensor);
    this.#weights.set(value, forms.set(form, made));
    return made;
  }
}

/** [1, channels, 1, …]: how one number for each output channel of a convolution broadcasts. */
function channelShape(weight: Tensor): number[] {
  return [1, weight.shape[0], ...weight.shape.slice(2).map(() => 1)];
}

/** A matrix of 8-bit integers, transposed. */
function transpose(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.shape;
  const from = matrix.data();
  const to = from.slice();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column];
  return Tensor.of(matrix.dtype, [columns, rows], to);
}
