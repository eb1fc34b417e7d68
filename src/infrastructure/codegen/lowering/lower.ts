import { sizeOf, UnsupportedError } from '../../../base/index.js';
import { type Graph, type Model, type Node, nodesOf, type Value } from '../../../onnx/index.js';
import { type KernelRule, type NestContext, type RuleContext, type Schedule, type Sink, usualSchedule } from '../kernels/index.js';
import { type Buffer, binary, type Expr, number, store } from '../loops/index.js';
import {
  broadcast,
  computedOperand,
  likeSources,
  materialize,
  type Operand,
  place,
  rowMajor,
  type Strided,
  sharing,
  storedOperand,
  stridesInOrder,
} from '../operands/index.js';
import { ProgramBuilder } from './builder.js';
import { constantOperand } from './constants.js';
import { inputOf, isCheap, isWanted, kindOf, outputOf, plainOperand, requireKernel, requireShape, shapeOf, typeOf } from './facts.js';
import { type Group, groupsOf } from './groups.js';
import { narrowed } from './narrow.js';
import { type LoweredGraph, portOf, type Tilings } from './program.js';
import { Targets } from './targets.js';
import { TiledNodes } from './tiled.js';

/**
 * Turns a graph into loop nests over memory.
 * @param model all of whose shapes are known, in operators of TRAINING_OPSET, typed and in order.
 * @param schedule where it differs from the usual one.
 * @param tilings of some of its operators, in place of the schedule's.
 * @throws UnsupportedError naming the first operator that has no kernel, or a type that no target computes with.
 */
export function lowerGraph(model: Model, schedule: Partial<Schedule> = {}, tilings: Tilings = new Map()): LoweredGraph {
  return new Lowering(model, { ...usualSchedule, ...schedule }, tilings).run();
}

class Lowering {
  readonly #graph: Graph;
  readonly #opset: number;
  readonly #schedule: Schedule;
  readonly #tiled: TiledNodes;
  readonly #builder = new ProgramBuilder();
  readonly #operands = new Map<Value, Operand>();
  readonly #targets: Targets;
  /** Branches that are being lowered, from the outermost. */
  readonly #guards: { readonly graph: Graph; readonly condition: Expr }[] = [];

  constructor({ graph, opset }: Model, schedule: Schedule, tilings: Tilings) {
    this.#graph = graph;
    this.#opset = opset;
    this.#schedule = schedule;
    this.#tiled = new TiledNodes(schedule, tilings);
    this.#targets = new Targets(graph, this.#builder);
  }

  run(): LoweredGraph {
    // What has no kernel may have no known shape either: it is the operator that is to be named.
    for (const node of nodesOf(this.#graph)) requireKernel(node);
    const inputs = this.#graph.feeds.map((value) => this.#port(value, 'input'));
    for (const { value, buffer } of inputs) this.#operands.set(value, plainOperand(value, buffer));
    const outputs = this.#graph.outputs.map((value) => this.#port(value, 'output'));
    for (const { value, buffer } of outputs) this.#targets.addOutput(value, buffer);
    this.#lower(this.#graph);
    this.#copyOutputs(outputs);
    return { kernels: this.#builder.kernels, inputs: inputs.map(portOf), outputs: outputs.map(portOf), tiled: this.#tiled.all() };
  }

  #lower(graph: Graph): void {
    for (const group of groupsOf(graph, requireKernel)) this.#group(group, graph);
  }

  /** Both branches, each under its condition; what they give is written into one place. */
  #branches(node: Node): void {
    const condition = this.#stored(inputOf(node, 0)).flat(number(0));
    const targets = node.outputs.map((output) => output && this.#targets.of(output, typeOf(output), shapeOf(output)));
    for (const [name, comparison] of [
      ['then_branch', 'ne'],
      ['else_branch', 'eq'],
    ] as const) {
      const attribute = node.attributes.get(name);
      if (attribute?.type !== 'graph') throw new UnsupportedError({ what: `Its attribute ${name} is missing`, where: node.label });
      const branch = attribute.value;
      this.#guards.push({ graph: branch, condition: binary(comparison, condition, number(0)) });
      this.#lower(branch);
      branch.outputs.forEach((value, index) => {
        const [output, target] = [node.outputs[index], targets[index]];
        if (output && target) this.#give(node, value, target, shapeOf(output));
      });
      this.#guards.pop();
    }
    node.outputs.forEach((output, index) => {
      const target = targets[index];
      if (output && target) this.#operands.set(output, storedOperand(shapeOf(output), target));
    });
  }

  /** Writes a branch's result to where the node's output lies. */
  #give(node: Node, value: Value, target: Strided, shape: readonly number[]): void {
    const operand = this.#operand(value);
    requireShape(node, operand.shape, shape);
    const facts = { macs: 0, elements: sizeOf(shape), conditions: this.#guards.map(({ condition }) => condition) };
    if (!shape.includes(0)) this.#builder.emit(node.label, 'copy', materialize(operand, target), facts);
  }

  /** What must hold for a node's kernels to run: whatever stands outside of a branch runs always. */
  #conditionsOf(producer: Node | undefined): Expr[] {
    const depth = this.#guards.findIndex(({ graph }) => graph === producer?.graph);
    return this.#guards.slice(0, depth + 1).map(({ condition }) => condition);
  }

  #port(value: Value, role: 'input' | 'output'): { value: Value; buffer: Buffer } {
    return { value, buffer: this.#builder.buffer(value.name, typeOf(value), sizeOf(shapeOf(value)), role) };
  }

  /** Outputs that no kernel has written: constants, inputs, and values that are outputs twice. */
  #copyOutputs(outputs: readonly { value: Value; buffer: Buffer }[]): void {
    for (const { value, buffer } of outputs) {
      const operand = this.#operand(value);
      if (operand.stored?.buffer !== buffer) this.#materialize(value, operand, buffer);
    }
  }

  #operand(value: Value): Operand {
    const known = this.#operands.get(value);
    if (known) return known;
    const { constant } = value;
    if (!constant) throw new UnsupportedError({ what: 'Nothing makes a value that is read', where: `"${value.name}"` });
    const operand = constantOperand(this.#builder, value, constant);
    this.#operands.set(value, operand);
    return operand;
  }

  #group({ nodes, result }: Group, graph: Graph): void {
    const [first, ...after] = nodes;
    const rule = requireKernel(first);
    if (rule.kind === 'branches') {
      this.#branches(first);
    } else if (rule.kind === 'nest') {
      this.#nest(first, rule, after, result, graph);
    } else if (rule.kind === 'view') {
      const views = rule.view(this.#context(first));
      first.outputs.forEach((output, index) => {
        if (output) this.#settle(output, views[index]);
      });
    } else {
      for (const node of nodes) this.#define(node);
      if (result) this.#settle(result, this.#operand(result));
    }
  }

  /** Lets the output of an elementwise node be what its rule computes of the inputs. */
  #define(node: Node): void {
    const [output] = node.outputs;
    const rule = requireKernel(node);
    if (!output || rule.kind !== 'elementwise') return;
    const shape = shapeOf(output);
    const context = this.#context(node);
    const value = rule.value(context);
    const type = typeOf(output);
    const operands = node.inputs.flatMap((input, index) =>
      input ? [broadcast(rule.align?.(context, index) ?? this.#readable(input, sizeOf(shape)), shape)] : [],
    );
    this.#operands.set(
      output,
      computedOperand(shape, type, (indices) => narrowed(type, value(operands.map((operand) => operand.at(indices))))),
    );
  }

  /** An operand whose elements are read `times` times in all: written to memory first, where that is more than it has and computing one is not cheap. */
  #readable(value: Value, times: number): Operand {
    const operand = this.#operand(value);
    if (operand.constant || operand.stored || times <= sizeOf(operand.shape) || isCheap(operand)) return operand;
    return this.#materialize(value, operand);
  }

  /** Keeps a value to be computed where it is read, if one reader reads it or it costs nothing; else it is written to memory. */
  #settle(value: Value, operand: Operand): void {
    this.#operands.set(value, operand);
    const output = this.#targets.output(value);
    if (output) this.#materialize(value, operand, output);
    else if (!operand.stored && value.users.length > 1 && !isCheap(operand)) this.#materialize(value, operand);
  }

  #materialize(value: Value, operand: Operand, into?: Buffer): Operand {
    const target = into
      ? { buffer: into, strides: rowMajor(operand.shape), offset: 0 }
      : this.#targets.of(value, operand.type, operand.shape, () => likeSources(operand));
    const elements = sizeOf(operand.shape);
    const title = value.producer ? value.producer.label : `"${value.name}"`;
    if (elements > 0)
      this.#builder.emit(title, kindOf(value.producer), materialize(operand, target), {
        macs: 0,
        elements,
        conditions: this.#conditionsOf(value.producer),
      });
    const stored = storedOperand(operand.shape, target);
    this.#operands.set(value, stored);
    return stored;
  }

  #nest(node: Node, rule: Extract<KernelRule, { kind: 'nest' }>, absorbed: readonly Node[], result: Value | undefined, graph: Graph): void {
    const sinks = new Map<number, Sink>();
    const context = this.#context(node);
    const nest: NestContext = {
      ...context,
      absorbed,
      stored: (index) => this.#stored(inputOf(node, index)),
      storedValue: (value) => this.#stored(value),
      cheap: (index) => this.#readable(inputOf(node, index), Number.POSITIVE_INFINITY),
      wants: (index) => isWanted(node.outputs[index], graph),
      output: (index = 0, options = {}) => {
        const known = sinks.get(index);
        if (known) return known;
        const value = outputOf(options.from ?? node, options.from ? 0 : index);
        const after = index > 0 ? [] : absorbed.slice(options.from ? absorbed.indexOf(options.from) + 1 : 0);
        const sink = this.#sink(value, after, index === 0 ? (result ?? value) : value, options.order);
        sinks.set(index, sink);
        return sink;
      },
      scratch: (hint, type, size) => this.#builder.buffer(hint, type, size, 'scratch'),
      tiling: (kind) => this.#tiled.tiling([node, ...absorbed], result, kind),
      emit: (body, { kind = kindOf(node), macs = 0, plain } = {}) => {
        const elements = result ? sizeOf(shapeOf(result)) : 0;
        const kernel = this.#builder.emit([node, ...absorbed].map(({ label }) => label).join(', '), kind, body, {
          macs,
          elements,
          plain,
          conditions: this.#conditionsOf(node),
        });
        this.#tiled.emitted(node, kernel);
      },
    };
    rule.emit(nest);
    for (const [index, sink] of sinks) {
      const value = index === 0 ? result : node.outputs[index];
      if (value) this.#operands.set(value, sink.operand);
    }
  }

  #stored(value: Value): ReturnType<NestContext['stored']> {
    const operand = this.#operand(value);
    return (operand.stored ? operand : this.#materialize(value, operand)) as ReturnType<NestContext['stored']>;
  }

  /** Where an output goes, after what was absorbed has been computed of it. */
  #sink(value: Value, absorbed: readonly Node[], result: Value, order: readonly number[] | undefined): Sink {
    const shape = shapeOf(result);
    const target = this.#targets.of(result, typeOf(result), shape, () => order && stridesInOrder(shape, order));
    const { buffer } = target;
    // While a kernel stores an element, the value that it has computed stands for the output.
    let current: Expr = number(0);
    this.#operands.set(
      value,
      computedOperand(shape, typeOf(value), () => current),
    );
    for (const node of absorbed) this.#define(node);
    const computed = this.#operand(result);
    return {
      shape,
      absorbed,
      type: buffer.type,
      operand: storedOperand(shape, target) as Sink['operand'],
      store: (indices, element) => {
        current = element;
        return sharing([computed.at(indices)], ([shared]) => [store(buffer, place(target, indices), shared)]);
      },
    };
  }

  #context(node: Node): RuleContext {
    const refuse = (reason: string): never => {
      throw new UnsupportedError({ what: `This use of ${node.op} cannot be compiled, because ${reason}`, where: node.label });
    };
    return {
      node,
      opset: this.#opset,
      schedule: this.#schedule,
      has: (index) => node.inputs[index] !== undefined,
      operand: (value) => this.#operand(value),
      input: (index) => this.#operand(inputOf(node, index)),
      constant: (index) => node.inputs[index]?.constant,
      integers: (index) => {
        const value = node.inputs[index];
        if (!value) return undefined;
        if (!value.constant) return refuse(`its input ${index} ("${value.name}") depends on the data: shapes must be known beforehand`);
        return Array.from(value.constant.numbers());
      },
      constantBuffer: (hint, type, contents, size) => this.#builder.constant(hint, type, contents, size),
      shape: (index = 0) => shapeOf(outputOf(node, index)),
      type: (index = 0) => typeOf(outputOf(node, index)),
      refuse,
    };
  }
}
