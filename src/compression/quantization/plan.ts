import { sizeOf } from '../../base/index.js';
import type { IntegerKernel, TargetFacts } from '../../infrastructure/targets/index.js';
import { ortNode } from '../../infrastructure/targets/ort-node/index.js';
import { constantFloat, type Graph, type Node, staticShape, type Value } from '../../onnx/index.js';
import { ruleOf, traitsOf } from '../../ops/index.js';
import { isLookup } from './tables.js';

/** A node that computes on integers. */
export interface Layer {
  readonly node: string;
  readonly op: string;
  /** Inputs that are activations, by index: each is a quantized value or a constant. */
  readonly activations: readonly number[];
  /** The constant weight: which input it is, and its axis of output channels where it has one. */
  readonly weight?: { readonly input: number; readonly axis?: number };
  /** Which input is the constant bias, one number for each output channel. */
  readonly bias?: number;
}

/** What static quantization will do to a graph, by the names of its nodes and values. */
export interface Plan {
  readonly layers: readonly Layer[];
  /** Every value that gets a QuantizeLinear and DequantizeLinear, with the value whose range it takes: itself, unless data only moves. */
  readonly values: ReadonlyMap<string, string>;
  /**
   * Layers of which only the weight is stored in integers: there is no integer kernel for them, or they stand in a branch or a body, whose values
   * are not calibrated.
   */
  readonly stored: readonly Layer[];
  /** Nodes, in branches and bodies too, that look rows up in a constant table, which is stored in integers. */
  readonly tables: readonly string[];
}

export interface PlanOptions {
  /** Nodes that stay in floating point, by name. */
  exclude?: ReadonlySet<string>;
  /** Operators that may be quantized. Default: all that can. */
  operators?: ReadonlySet<string>;
  /** What the model is for: its kernels decide what is worth integers. Default: ONNX Runtime. */
  target?: Pick<TargetFacts, 'kernels'>;
}

/**
 * Decides what is quantized. Layers with a weight come first; arithmetic joins where it reads quantized values and its result is read by
 * something quantized, so that no conversion is added for its sake. Convolutions hand on quantized values, because that is the only form of
 * their integer kernel; matrix products hand on floats where nothing quantized reads them. Inside If, Loop and Scan only weights are stored.
 */
export function planQuantization(graph: Graph, options: PlanOptions = {}): Plan {
  return new Planner(graph, options).plan();
}

/** The planned values that a layer reads and makes. */
export function valuesOf(graph: Graph, plan: Plan, layer: Layer): string[] {
  const node = graph.nodes.find((each) => each.name === layer.node);
  const inputs = layer.activations.map((index) => node?.inputs[index]);
  const [output] = node?.outputs ?? [];
  const made = output && afterClipping(graph, output);
  return [...inputs, made].flatMap((value) => (value && plan.values.has(value.name) ? [value.name] : []));
}

function isClipping(node: Node): boolean {
  return ruleOf(node)?.quantization.kind === 'clipping';
}

/** Whether a value has an eighth of another's elements or fewer, as far as is known without the batch size. */
function isMuchSmaller(value: Value, other: Value): boolean {
  const [few, many] = [value, other].map((each) => staticShape(each.shape?.slice(1)));
  return few !== undefined && many !== undefined && value.shape?.length === other.shape?.length && sizeOf(few) * 8 <= sizeOf(many);
}

/** Where the result of a layer is quantized: after the activation that reads nothing but it, which the layer's own saturation replaces. */
function afterClipping(graph: Graph, value: Value): Value {
  const [reader] = value.users;
  const [output] = reader?.outputs ?? [];
  const alone = value.uses().length === 1 && !graph.outputs.includes(value);
  return alone && reader.graph === graph && isClipping(reader) && output && reader.inputs[0] === value
    ? afterClipping(graph, output)
    : value;
}

class Planner {
  readonly #graph: Graph;
  readonly #options: PlanOptions;
  readonly #layers = new Map<Node, Layer>();
  readonly #stored: Layer[] = [];
  readonly #values = new Set<Value>();

  constructor(graph: Graph, options: PlanOptions) {
    this.#graph = graph;
    this.#options = options;
  }

  plan(): Plan {
    for (const node of this.#graph.nodes) {
      if (!this.#allowed(node)) continue;
      this.#storeWeights(node);
      const layer = this.#weighted(node);
      if (!layer) continue;
      if (this.#kernel(node) === 'none') this.#stored.push(layer);
      else this.#layers.set(node, layer);
    }
    this.#addArithmetic();
    for (const [node, layer] of this.#layers) {
      for (const index of layer.activations) this.#place(node.inputs[index]);
      const [output] = node.outputs;
      if (output && this.#kernel(node) === 'integers') this.#place(afterClipping(this.#graph, output));
    }
    const values = [...this.#values].map((value) => [value.name, this.#root(value).name] as const);
    const inner = this.#graph.nodes.flatMap((node) => node.subgraphs().map((graph) => planQuantization(graph, this.#options)));
    return {
      layers: [...this.#layers.values()],
      values: new Map(values),
      stored: [...this.#stored, ...inner.flatMap(({ layers, stored }) => [...layers.filter((layer) => layer.weight), ...stored])],
      tables: [...this.#tables(), ...inner.flatMap(({ tables }) => tables)],
    };
  }

  #tables(): string[] {
    return this.#graph.nodes.filter((node) => isLookup(this.#graph, node) && this.#allowed(node)).map((node) => node.name);
  }

  #kernel(node: Node): IntegerKernel {
    return (this.#options.target ?? ortNode).kernels.integer(node);
  }

  #allowed(node: Node): boolean {
    const { exclude, operators } = this.#options;
    return !exclude?.has(node.name) && (!operators || operators.has(node.op));
  }

  /** The layer that a node with a constant weight is. */
  #weighted(node: Node): Layer | undefined {
    const facts = ruleOf(node)?.quantization;
    if (facts?.kind !== 'weighted' || !facts.activations.every((index) => this.#isActivation(node.inputs[index]))) return undefined;
    const weight = constantFloat(this.#graph, node.inputs[facts.weight]);
    if (!weight || weight.shape.length < 2 || !weight.toFloat32().every(Number.isFinite)) return undefined;
    const axis = facts.axis(node);
    const bias = facts.bias !== undefined && node.inputs[facts.bias] ? facts.bias : undefined;
    const base = { node: node.name, op: node.op, activations: facts.activations };
    // Kernels take one scale for each column of a single matrix only, and not of a stack of them.
    const stacked = axis > 1;
    const along = { input: facts.weight, ...(!stacked && { axis }) };
    if (bias === undefined) return { ...base, weight: along };
    const fits = constantFloat(this.#graph, node.inputs[bias]);
    return fits?.shape.length === 1 && fits.size === weight.shape[axis] && !stacked ? { ...base, weight: along, bias } : undefined;
  }

  #storeWeights(node: Node): void {
    const { inputs, axis } = traitsOf(node).stored ?? { inputs: [], axis: 0 };
    for (const input of inputs) {
      const weight = constantFloat(this.#graph, node.inputs[input]);
      if (weight?.toFloat32().every(Number.isFinite))
        this.#stored.push({ node: node.name, op: node.op, activations: [], weight: { input, axis } });
    }
  }

  #isActivation(value: Value | undefined): boolean {
    return value?.dtype === 'float32' && (!value.initializer || this.#graph.inputs.includes(value));
  }

  /** Adds all arithmetic to the layers, then takes out what does not belong there until nothing more goes: chains stay together. */
  #addArithmetic(): void {
    const added = new Set<Node>();
    for (const node of this.#graph.nodes) {
      const activations = this.#layers.has(node) || !this.#allowed(node) ? undefined : this.#arithmeticInputs(node);
      if (!activations) continue;
      this.#layers.set(node, { node: node.name, op: node.op, activations });
      added.add(node);
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of added) {
        if (this.#joins(node)) continue;
        this.#layers.delete(node);
        added.delete(node);
        changed = true;
      }
    }
  }

  /** Inputs that arithmetic on quantized values would read; a product of two activations is arithmetic. */
  #arithmeticInputs(node: Node): readonly number[] | undefined {
    const facts = ruleOf(node)?.quantization;
    if (facts?.kind === 'arithmetic') {
      const all = facts.activations === 'all' ? node.inputs.map((_, index) => index) : facts.activations;
      return this.#areFloats(node, all) ? all : undefined;
    }
    if (facts?.kind !== 'weighted' || (facts.bias !== undefined && node.inputs[facts.bias])) return undefined;
    const both = [...facts.activations, facts.weight];
    const products = both.every((index) => this.#isActivation(node.inputs[index]));
    return products && this.#kernel(node) === 'either' ? both : undefined;
  }

  #areFloats(node: Node, indices: readonly number[]): boolean {
    return indices.length > 0 && indices.every((index) => node.inputs[index]?.dtype === 'float32');
  }

  /**
   * Whether layers made what arithmetic reads, and another reads what it makes, at once or after it was moved or clipped. Something else beside
   * is no hindrance where it is small, such as one factor for each channel: quantizing it costs next to nothing.
   */
  #joins(node: Node): boolean {
    const [output] = node.outputs;
    const { activations } = this.#layers.get(node) as Layer;
    const inputs = activations.map((index) => node.inputs[index]).filter((value) => this.#isActivation(value)) as Value[];
    const fed = inputs.filter((value) => this.#comesQuantized(value));
    const fits = fed.length > 0 && inputs.every((value) => fed.includes(value) || fed.some((other) => isMuchSmaller(value, other)));
    return fits && output !== undefined && this.#isWanted(output, new Set());
  }

  /** Whether a value is made by a layer, or from one by moving and clipping. */
  #comesQuantized(value: Value | undefined): boolean {
    for (let node = value?.producer; node; node = node.inputs[0]?.producer) {
      if (this.#layers.has(node)) return true;
      if (!this.#passesOn(node)) return false;
    }
    return false;
  }

  /** Whether a node moves or clips values. */
  #passesOn(node: Node): boolean {
    const kind = ruleOf(node)?.quantization.kind;
    return (kind === 'transparent' || kind === 'clipping') && this.#isActivation(node.inputs[0]);
  }

  /** Whether a layer reads the value, at once or after it was moved or clipped. */
  #isWanted(value: Value, seen: Set<Value>): boolean {
    if (seen.has(value)) return false;
    seen.add(value);
    return value.uses().some(({ node, index }) => {
      const layer = this.#layers.get(node);
      if (layer) return layer.activations.includes(index);
      return index === 0 && this.#passesOn(node) && node.outputs.some((output) => output && this.#isWanted(output, seen));
    });
  }

  /** Marks a value as quantized, with those before it that it shares a scale with. */
  #place(value: Value | undefined): void {
    if (!value || this.#values.has(value) || !this.#isActivation(value)) return;
    this.#values.add(value);
    const node = value.producer;
    const [input] = node?.inputs ?? [];
    if (!node || !input || this.#layers.has(node)) return;
    if (this.#isTransparent(node) && this.#comesQuantized(input)) {
      this.#place(input);
      for (const output of node.outputs) this.#place(output);
    } else if (isClipping(node) && this.#comesQuantized(input) && afterClipping(this.#graph, input) === input) this.#place(input);
  }

  #isTransparent(node: Node): boolean {
    return ruleOf(node)?.quantization.kind === 'transparent';
  }

  /** The value whose scale a value shares: what it was before it was moved. */
  #root(value: Value): Value {
    const node = value.producer;
    const [input] = node?.inputs ?? [];
    const moved = node && input && !this.#layers.has(node) && this.#isTransparent(node) && this.#values.has(input);
    return moved ? this.#root(input) : value;
  }
}
