import {
  copyModel,
  type Graph,
  type GraphBuilder,
  graphsOf,
  type Model,
  type Node,
  nodesOf,
  type Tensor,
  type Value,
} from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import type { Plan } from '../plan.js';
import { dequantizeWeight, quantizeWeight, type WeightOptions, weightGrid } from '../weights.js';
import { SWITCHES } from '../write.js';

/** One rounding that can be left out by itself. */
export interface Part {
  /** The layer's node. */
  readonly node: string;
  /** That of the numbers that the layer reads as they come, or that of its constant weights. */
  readonly rounds: 'activation' | 'weight';
  /** Numbers of the weights; 0 for an activation, which costs nothing in the file. */
  readonly size: number;
}

export interface SwitchedStorage {
  /** With the input SWITCHES; all off it is the float model. */
  readonly model: Model;
  /** What each switch turns on. */
  readonly parts: readonly Part[];
}

/**
 * A model without fixed ranges, in one graph for all choices of what is rounded: weights as they would be stored and, of layers that compute with integers,
 * activations by their own range at each run. What it computes is what the integer operators do, but for the order of sums.
 * @param isDynamic whether a layer computes with integers.
 */
export function switchedStorage(prepared: Model, plan: Plan, weight: WeightOptions, isDynamic: (node: string) => boolean): SwitchedStorage {
  const model = copyModel(prepared);
  const nodes = new Map(nodesOf(model.graph).map((node) => [node.name, node]));
  const switches = new Switches(model);
  for (const { node: name, activations, weight: place } of plan.stored) {
    const node = nodes.get(name);
    if (!node || !place) continue;
    const constant = node.inputs[place.input]?.constant;
    if (constant) switches.weight(node, place.input, { constant, axis: place.axis, options: weight });
    if (isDynamic(name)) switches.activation(node, activations[0]);
  }
  for (const name of plan.tables) {
    const node = nodes.get(name);
    const constant = node?.inputs[0]?.constant;
    if (node && constant) switches.weight(node, 0, { constant, axis: 1, options: weight });
  }
  return { model, parts: switches.close() };
}

interface Rounding {
  constant: Tensor;
  axis?: number;
  options: WeightOptions;
}

class Switches {
  readonly #model: Model;
  readonly #input: Value;
  readonly #builders: ReadonlyMap<Graph, GraphBuilder>;
  readonly #parts: Part[] = [];
  readonly #flags = new Map<string, Value>();
  /** Restored activations of each graph, since several layers may read one. */
  readonly #restored = new Map<Graph, Map<Value, Value>>();

  constructor(model: Model) {
    this.#model = model;
    this.#builders = new Map(graphsOf(model.graph).map((graph) => [graph, typedBuilder(graph, model.opsets)]));
    this.#input = this.#build(model.graph).input(SWITCHES, 'bool', [0]);
  }

  weight(node: Node, input: number, { constant, axis, options }: Rounding): void {
    const grid = weightGrid(constant, axis, options);
    const graph = node.graph as Graph;
    const rounded = graph.addInitializer(graph.freshName('rounded'), dequantizeWeight(quantizeWeight(constant, grid), grid));
    this.#choose(node, input, rounded, { node: node.name, rounds: 'weight', size: constant.size });
  }

  activation(node: Node, input: number): void {
    const graph = node.graph as Graph;
    const value = node.inputs[input] as Value;
    const known = this.#restored.get(graph) ?? new Map<Value, Value>();
    const build = this.#build(graph);
    const made = known.get(value) ?? build.op('DequantizeLinear', build.node('DynamicQuantizeLinear', [value], {}, { outputs: 3 }));
    this.#restored.set(graph, known.set(value, made));
    this.#choose(node, input, made, { node: node.name, rounds: 'activation', size: 0 });
  }

  /** The parts in the order of their switches. */
  close(): Part[] {
    this.#input.type = { kind: 'tensor', dtype: 'bool', shape: [this.#parts.length] };
    this.#model.graph.sort();
    return this.#parts;
  }

  #choose(node: Node, input: number, on: Value, part: Part): void {
    const off = node.inputs[input] as Value;
    node.setInput(input, this.#build(node.graph as Graph).op('Where', [this.#flag(part), on, off]));
  }

  /** The switch of a part; weights of one layer share one. */
  #flag(part: Part): Value {
    const key = `${part.rounds} ${part.node}`;
    const known = this.#flags.get(key);
    const index = this.#parts.findIndex(({ node, rounds }) => node === part.node && rounds === part.rounds);
    if (known) {
      this.#parts[index] = { ...part, size: this.#parts[index].size + part.size };
      return known;
    }
    const build = this.#build(this.#model.graph);
    const flag = build.op('Gather', [this.#input, build.scalar(this.#parts.length, 'int64')]);
    this.#parts.push(part);
    this.#flags.set(key, flag);
    return flag;
  }

  #build(graph: Graph): GraphBuilder {
    return this.#builders.get(graph) as GraphBuilder;
  }
}
