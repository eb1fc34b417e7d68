import { GraphError, UnsupportedError } from '../base/index.js';
import { dependentsOf, type GraphBuilder, isFloat, type Node, readsOf, staticShape, Tensor, Value } from '../onnx/index.js';
import { type GradientContext, type Refusal, requireRule, ZERO } from '../ops/index.js';
import { sumToShape } from './reduce.js';

export interface GradientRequest {
  /** Writes into the graph that is differentiated; its new values must be typed (see `typedBuilder` in ops). */
  build: GraphBuilder;
  /** Operator set version of each domain; the standard's is TRAINING_OPSET or newer. */
  opsets: ReadonlyMap<string, number>;
  /** Where the gradient starts: a value and the gradient of the loss with respect to it, of the same shape. For a scalar loss: a constant 1. */
  from: ReadonlyMap<Value, Value>;
  /** Values whose gradients are wanted: parameters, inputs, or anything between. */
  to: readonly Value[];
  /**
   * Leave out, rather than refuse, wanted values that no gradient is defined for (an operator takes them as a setting: the scales of a
   * Resize, say) or that the loss does not depend on. Default false. Operators between them and the loss are never skipped.
   */
  lenient?: boolean;
  /** Told of each wanted value that is left out, and why, as a clause. */
  onMissing?: (value: Value, reason: string) => void;
}

/**
 * Appends to a graph, in plain ONNX operators, the gradients of a loss by reverse accumulation: each node on a path from a wanted value to
 * the loss is visited once, last first, and its rule in `ops` says how the gradients of its outputs become those of its inputs.
 *
 * Shapes must be static. A value that the loss does not depend on gets a gradient of zeros.
 * @returns for each wanted value its gradient, of the same shape.
 * @throws UnsupportedError naming the node where an operator on a path has no gradient; nothing is taken to be zero that is not.
 */
export function addGradients({ build, opsets, from, to, lenient = false, onMissing }: GradientRequest): Map<Value, Value> {
  build.graph.sort();
  const sweep = new Sweep(build, opsets, dependentsOf(build.graph, to), new Set(lenient ? to : []));
  for (const [value, gradient] of from) sweep.contribute(value, gradient);
  for (const node of [...build.graph.nodes].reverse()) sweep.visit(node);
  const found = new Map<Value, Value>();
  for (const value of to) {
    const gradient = sweep.gradient(value);
    if (gradient && !sweep.settings.has(value)) found.set(value, gradient);
    else if (!lenient) found.set(value, zeros(build, value));
    else onMissing?.(value, sweep.whyMissing(value));
  }
  return found;
}

function zeros(build: GraphBuilder, value: Value): Value {
  return build.op('ConstantOfShape', [build.ints(shapeOf(value))], { value: Tensor.from(value.dtype ?? 'float32', [1], [0]) });
}

function shapeOf(value: Value, where?: Node): readonly number[] {
  const shape = staticShape(value.shape);
  if (shape) return shape;
  throw new UnsupportedError({
    what: `The shape of "${value.name}" is not known when the gradient is built`,
    where: where?.label,
    got: value.shape ? `[${value.shape}]` : 'an unknown rank',
    fix: 'Give every input a static shape; a shape that depends on the data cannot be trained through.',
  });
}

class Sweep {
  readonly #build: GraphBuilder;
  readonly #opsets: ReadonlyMap<string, number>;
  readonly #wanted: ReadonlySet<Value>;
  readonly #lenient: ReadonlySet<Value>;
  /** Wanted values that an operator takes as a setting. */
  readonly settings = new Set<Value>();
  /** Nodes that pass on nothing of what arrives at them, by the input that gets none. */
  readonly #ends = new Map<Value, Node>();
  /** What has arrived at each value so far. */
  readonly #parts = new Map<Value, Value[]>();

  constructor(build: GraphBuilder, opsets: ReadonlyMap<string, number>, wanted: ReadonlySet<Value>, lenient: ReadonlySet<Value>) {
    this.#build = build;
    this.#opsets = opsets;
    this.#wanted = wanted;
    this.#lenient = lenient;
  }

  contribute(value: Value, gradient: Value): void {
    const parts = this.#parts.get(value);
    if (parts) parts.push(gradient);
    else this.#parts.set(value, [gradient]);
  }

  /** The sum of what has arrived at a value; undefined where nothing has. */
  gradient(value: Value): Value | undefined {
    const parts = this.#parts.get(value);
    if (!parts) return undefined;
    if (parts.length > 1) this.#parts.set(value, [this.#build.op(parts.length === 2 ? 'Add' : 'Sum', parts)]);
    return this.#parts.get(value)?.[0];
  }

  visit(node: Node): void {
    const arrived = node.outputs.some((output) => output && this.#parts.has(output));
    if (!arrived || !readsOf(node).some((value) => this.#wanted.has(value))) return;
    const rule = requireRule(node).gradient;
    if ('refuses' in rule) throw notDifferentiable(node, rule);
    const given = rule(this.#context(node));
    node.inputs.forEach((input, index) => {
      if (!input || !this.#wanted.has(input)) return;
      if (given[index] === undefined || given[index] === ZERO) this.#ends.set(input, node);
      if (given[index] === ZERO) return;
      const gradient = given[index] as Value | undefined;
      if (gradient) this.contribute(input, sumToShape(this.#build, gradient, shapeOf(input, node)));
      else if (this.#lenient.has(input)) this.settings.add(input);
      else if (isFloat(input.dtype))
        throw notDifferentiable(node, { refuses: `its rule gives no gradient for input ${index} ("${input.name}")` });
    });
  }

  /** Why no gradient arrives at a wanted value, as a clause. */
  whyMissing(value: Value): string {
    const reached = dependentsOf(this.#build.graph, [value]);
    const end = [...reached].find((each) => this.#ends.has(each));
    const node = end && this.#ends.get(end);
    if (!node || !end) return 'the loss does not depend on it';
    return end === value ? `${node.label} takes it as a setting` : `${node.label} passes no gradient on`;
  }

  #context(node: Node): GradientContext {
    const build = this.#build;
    const output = (index = 0): Value => {
      const existing = node.outputs[index];
      if (existing) return existing;
      node.setOutput(index, new Value(build.graph.freshName(`${node.name || node.op}_out${index}`)));
      for (let each = 0; each < index; each++) if (node.outputs[each] === undefined) node.outputs[each] = undefined;
      build.type(node);
      return node.outputs[index] as Value;
    };
    return {
      node,
      opset: this.#opsets.get(node.domain) ?? 1,
      build,
      has: (index) => node.inputs[index] !== undefined,
      input: (index) => {
        const input = node.inputs[index];
        if (!input) throw new GraphError({ what: `Input ${index} is missing`, where: node.label });
        return input;
      },
      output,
      hasGrad: (index) => node.outputs[index] !== undefined && this.#parts.has(node.outputs[index] as Value),
      grad: (index = 0) => this.gradient(output(index)) ?? zeros(build, output(index)),
      needs: (index) => node.inputs[index] !== undefined && this.#wanted.has(node.inputs[index] as Value),
      shape: (value) => shapeOf(value, node),
      refuse: (reason) => {
        throw notDifferentiable(node, { refuses: reason });
      },
    };
  }
}

function notDifferentiable(node: Node, { refuses }: Refusal): UnsupportedError {
  return new UnsupportedError({
    what: `The operator is not differentiable here, because ${refuses}`,
    where: node.label,
    fix: 'Freeze what lies before it, or train a part of the model that does not pass through it.',
  });
}
