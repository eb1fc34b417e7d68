import {
  constantFloat,
  copyModel,
  type Graph,
  type GraphBuilder,
  graphsOf,
  type Model,
  type Node,
  nodesOf,
  Tensor,
  type Value,
} from '../../onnx/index.js';
import { traitsOf, typedBuilder } from '../../ops/index.js';
import { type Affine, affineOfRange, affineTensors, type IntegerType, quantizeNumber, type Range, representable } from './affine.js';
import { Places } from './places.js';
import type { Layer, Plan } from './plan.js';
import { storeWeights } from './stored-weights.js';
import { storeTables } from './tables.js';
import {
  gridTensors,
  quantizeBias,
  quantizeWeight,
  sameGrid,
  type WeightGrid,
  type WeightOptions,
  weightGrid,
  widenForBias,
} from './weights.js';

/**
 * What a quantized graph is for:
 * 'deployment': weights and biases are integers;
 * 'training': weights stay floats that QuantizeLinear and DequantizeLinear round at each run, biases stay floats;
 * 'switched': as for deployment, but each rounding can be switched off at run time by the input SWITCHES.
 */
export type QuantizedForm = 'deployment' | 'training' | 'switched';

/** Input of the switched form: booleans, one for each rounding; see WrittenModel.switches. */
export const SWITCHES = 'espalier.switches';

export interface WriteRequest {
  /** In the form of prepareModel. It is not changed. */
  model: Model;
  plan: Plan;
  /** Ranges by name: of each planned value, or of the one that it takes its range from. */
  ranges: ReadonlyMap<string, Range>;
  weight: WeightOptions;
  activationType: IntegerType;
  form?: QuantizedForm;
  /** Grids of layers' weights that are given rather than computed from the weights, by node. */
  grids?: ReadonlyMap<string, WeightGrid>;
}

export interface WrittenModel {
  model: Model;
  /** Grids that the layers' weights were rounded to, by node. */
  grids: ReadonlyMap<string, WeightGrid>;
  /** For training: names of the scales of layers' weights, by node. */
  scales: ReadonlyMap<string, string>;
  /** What each switch of the switched form turns on: `value NAME` or `weight NODE`. */
  switches: readonly string[];
}

/**
 * Writes QuantizeLinear and DequantizeLinear around the planned nodes: the QDQ form, which every ONNX runtime understands and ONNX Runtime
 * fuses into integer kernels.
 */
export function writeQuantized(request: WriteRequest): WrittenModel {
  return new Writer(request).write();
}

class Writer {
  readonly #request: WriteRequest;
  readonly #form: QuantizedForm;
  readonly #model: Model;
  readonly #build: GraphBuilder;
  readonly #builders = new Map<Graph, GraphBuilder>();
  readonly #places: Places;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #affines = new Map<string, Affine>();
  readonly #parameters = new Map<string, { scale: Value; zeroPoint: Value }>();
  readonly #weights = new Map<Value, readonly WeightForm[]>();
  /** Constants that something else stands for. */
  readonly #replaced = new Set<Value>();
  readonly #grids = new Map<string, WeightGrid>();
  readonly #scales = new Map<string, string>();
  readonly #switches: string[] = [];
  #switchInput?: Value;

  constructor(request: WriteRequest) {
    this.#request = request;
    this.#form = request.form ?? 'deployment';
    this.#model = copyModel(request.model);
    const { graph } = this.#model;
    this.#build = this.#builder(graph);
    this.#places = new Places(graph);
    this.#values = new Map([...graph.values()].map((value) => [value.name, value]));
    this.#nodes = new Map(nodesOf(graph).map((node) => [node.name, node]));
    for (const [name, root] of request.plan.values) {
      const range = (request.ranges.get(root) ?? request.ranges.get(name)) as Range;
      this.#affines.set(name, affineOfRange(range, request.activationType));
    }
  }

  write(): WrittenModel {
    const { plan, weight } = this.#request;
    const weights = plan.layers.filter((layer) => layer.weight).length;
    if (this.#form === 'switched') this.#switchInput = this.#build.input(SWITCHES, 'bool', [plan.values.size + weights]);
    // Layers first: they look values up by the names that the plan knows.
    for (const layer of plan.layers) this.#layer(layer);
    for (const name of plan.values.keys()) this.#value(this.#values.get(name) as Value);
    if (this.#form === 'deployment') {
      storeWeights(this.#model, plan.stored, weight);
      storeTables(this.#model, plan.tables, weight);
    }
    this.#model.graph.sort();
    for (const graph of graphsOf(this.#model.graph)) for (const value of [...graph.initializers]) this.#dropUnread(graph, value);
    return { model: this.#model, grids: this.#grids, scales: this.#scales, switches: this.#switches };
  }

  #dropUnread(graph: Graph, value: Value): void {
    if (value.readers.size === 0 && !graph.outputs.includes(value) && !graph.inputs.includes(value) && this.#replaced.has(value))
      graph.initializers.delete(value);
  }

  #layer(layer: Layer): void {
    const node = this.#nodes.get(layer.node) as Node;
    for (const index of layer.activations) this.#constantActivation(node, index);
    if (!layer.weight) return;
    const value = node.inputs[layer.weight.input] as Value;
    const weight = value.constant as Tensor;
    const isInner = node.graph !== this.#model.graph;
    const activation = isInner ? undefined : this.#affines.get(node.inputs[layer.activations[0]]?.name ?? '');
    const bias = layer.bias !== undefined && activation ? node.inputs[layer.bias]?.constant?.toFloat32() : undefined;
    const own = this.#request.grids?.get(layer.node) ?? weightGrid(weight, layer.weight.axis, this.#request.weight);
    const grid = bias && activation ? widenForBias(own, bias, activation.scale) : own;
    this.#grids.set(layer.node, grid);
    const { restored, scale } = this.#restoredWeight(value, weight, grid);
    this.#scales.set(layer.node, scale);
    node.setInput(layer.weight.input, this.#switched(`weight ${layer.node}`, value, restored));
    if (bias && activation && this.#form === 'deployment') this.#bias(node, layer.bias as number, bias, grid, activation);
  }

  /** The weight after rounding, in the form that integer kernels are made of. A weight that several layers read in the same way is stored once. */
  #restoredWeight(value: Value, weight: Tensor, grid: WeightGrid): WeightForm {
    const known = this.#weights.get(value) ?? [];
    const same = known.find((each) => sameGrid(each.grid, grid));
    if (same) return same;
    const place = this.#places.of(value);
    const build = this.#builder(place);
    const { scale, zeroPoint } = gridTensors(grid);
    const scaleValue = this.#initializer(`${value.name}_scale`, scale, place);
    const zeroValue = this.#initializer(`${value.name}_zero_point`, zeroPoint, place);
    const along = { axis: grid.axis };
    const integers =
      this.#form === 'training'
        ? this.#op('QuantizeLinear', [withinGrid(build, value, scaleValue, grid), scaleValue, zeroValue], along, value.name, build)
        : this.#initializer(`${value.name}_quantized`, quantizeWeight(weight, grid), place);
    const restored = this.#op('DequantizeLinear', [integers, scaleValue, zeroValue], along, value.name, build);
    const form = { grid, restored, scale: scaleValue.name };
    this.#weights.set(value, [...known, form]);
    this.#replaced.add(value);
    return form;
  }

  #bias(node: Node, index: number, bias: Float32Array, grid: WeightGrid, activation: Affine): void {
    const name = node.inputs[index]?.name as string;
    const { data, scale } = quantizeBias(bias, grid, activation.scale);
    // No zero point: 0 is the default, and an explicit one would take as much space as the bias.
    const inputs = [this.#initializer(`${name}_quantized`, data), this.#initializer(`${name}_scale`, scale)];
    const old = node.inputs[index] as Value;
    node.setInput(index, this.#op('DequantizeLinear', inputs, { axis: scale.shape.length > 0 ? 0 : undefined }, name));
    this.#replaced.add(old);
  }

  /** A constant that arithmetic reads beside its activations. */
  #constantActivation(node: Node, index: number): void {
    const value = node.inputs[index];
    const tensor = constantFloat(this.#model.graph, value);
    if (!value || !tensor) return;
    const numbers = tensor.toFloat32();
    const range = numbers.reduce((so, x) => ({ min: Math.min(so.min, x), max: Math.max(so.max, x) }), { min: 0, max: 0 });
    const affine = affineOfRange(range, this.#request.activationType);
    const { scale, zeroPoint } = this.#affineValues(value.name, affine);
    const integers = Tensor.from(
      affine.type,
      tensor.shape,
      numbers.map((x) => quantizeNumber(x, affine)),
    );
    const quantized =
      this.#form === 'training'
        ? this.#op('QuantizeLinear', [value, scale, zeroPoint], {}, value.name)
        : this.#initializer(`${value.name}_quantized`, integers);
    this.#replaced.add(value);
    node.setInput(index, this.#op('DequantizeLinear', [quantized, scale, zeroPoint], {}, value.name));
  }

  /** Puts QuantizeLinear and DequantizeLinear between a value and everything that reads it. */
  #value(value: Value): void {
    const { graph } = this.#model;
    const affine = this.#affines.get(value.name) as Affine;
    const name = value.name;
    const readers = value.uses();
    const { scale, zeroPoint } = this.#affineValues(this.#request.plan.values.get(name) as string, affine);
    const quantized = this.#op('QuantizeLinear', [value, scale, zeroPoint], {}, name);
    const restored = this.#op('DequantizeLinear', [quantized, scale, zeroPoint], {}, name);
    const result = this.#switched(`value ${name}`, value, restored);
    for (const { node, index } of readers) node.setInput(index, result);
    const output = graph.inputs.includes(value) ? -1 : graph.outputs.indexOf(value);
    if (output >= 0) {
      graph.outputs[output] = result;
      value.name = graph.freshName(`${name}_float`);
      result.name = name;
    }
    if (this.#form === 'deployment') this.#dropClipping(value, quantized, affine);
  }

  /**
   * Saturation does what an activation before QuantizeLinear does, where all that can be said lies within the activation's bounds, but for a part
   * of one step: the zero point is a whole number, so that the ends of a range are not met exactly.
   */
  #dropClipping(value: Value, quantized: Value, affine: Affine): void {
    const node = value.producer;
    const bounds = node && traitsOf(node).bounds?.(node);
    const [before] = node?.inputs ?? [];
    if (!node || !bounds || !before || value.users.length !== 1) return;
    const { min, max } = representable(affine);
    if (min <= bounds.min - affine.scale || max >= bounds.max + affine.scale) return;
    const isLayer = this.#request.plan.layers.some((layer) => layer.node === before.producer?.name);
    if (!isLayer || before.users.length !== 1 || this.#model.graph.outputs.includes(before)) return;
    quantized.producer?.setInput(0, before);
    this.#model.graph.remove(node);
  }

  #affineValues(name: string, affine: Affine): { scale: Value; zeroPoint: Value } {
    const known = this.#parameters.get(name);
    if (known) return known;
    const { scale, zeroPoint } = affineTensors(affine);
    const made = { scale: this.#initializer(`${name}_scale`, scale), zeroPoint: this.#initializer(`${name}_zero_point`, zeroPoint) };
    this.#parameters.set(name, made);
    return made;
  }

  /** In the switched form, whichever of the two the switch of that name chooses. */
  #switched(name: string, off: Value, on: Value): Value {
    if (!this.#switchInput) return on;
    const index = this.#build.scalar(this.#switches.length, 'int64');
    this.#switches.push(name);
    return this.#build.op('Where', [this.#build.op('Gather', [this.#switchInput, index]), on, off]);
  }

  #op(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, number | undefined>>,
    about: string,
    build = this.#build,
  ): Value {
    return build.node(type, inputs, attributes, { outputs: 1, name: `${about}_${type}` })[0];
  }

  #builder(graph: Graph): GraphBuilder {
    const known = this.#builders.get(graph) ?? typedBuilder(graph, this.#model.opsets);
    this.#builders.set(graph, known);
    return known;
  }

  #initializer(name: string, tensor: Tensor, graph = this.#model.graph): Value {
    return graph.addInitializer(graph.freshName(name), tensor);
  }
}

/** What a weight was replaced by. */
interface WeightForm {
  grid: WeightGrid;
  restored: Value;
  /** Name of its scale. */
  scale: string;
}

/** A weight that is trained, within what its integers can say: what the scale learns from weights beyond is in the bounds. */
function withinGrid(build: GraphBuilder, value: Value, scale: Value, { axis, reach }: WeightGrid): Value {
  const shape = value.constant?.shape.map((size, each) => (each === axis ? size : 1)) ?? [];
  const bound = build.op('Mul', [axis === undefined ? scale : build.op('Reshape', [scale, build.ints(shape)]), build.scalar(reach)]);
  return build.op('Min', [build.op('Max', [value, build.op('Neg', [bound])]), bound]);
}
