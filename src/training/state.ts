import { sizeOf } from '../base/index.js';
import { type GraphBuilder, staticShape, Tensor, type Value } from '../onnx/index.js';
import { addUpdate, clipFactor, type ScalarName } from './optimizers.js';
import { isDecayed } from './parameters.js';
import type { StepOptions } from './step.js';

/** A place in the step's state: which tensor of the model it holds. */
export interface Slice {
  name: string;
  shape: readonly number[];
  offset: number;
}

/** The resident input that holds an initializer which the host may change. */
export function heldInput(name: string): string {
  return `espalier.held.${name}`;
}

/** The resident input that holds a running statistic. */
export function bufferInput(name: string): string {
  return `espalier.buffer.${name}`;
}

interface Group {
  name: string;
  decayed: boolean;
  members: Value[];
  vector: Value;
}

/** Collects what persists between steps. */
export class StateBuilder {
  readonly initial: Record<string, Tensor> = {};
  readonly #build: GraphBuilder;
  readonly #next = new Map<string, Value | null>();
  readonly #scalars = new Map<ScalarName, Value>();
  readonly #slices = new Map<string, Slice[]>();

  constructor(build: GraphBuilder) {
    this.#build = build;
  }

  get scalars(): ScalarName[] {
    return [...this.#scalars.keys()];
  }

  /** Replaces parameters by slices of resident vectors. */
  parameters(all: readonly Value[]): Group[] {
    return [true, false].flatMap((decayed) => {
      const members = all.filter((parameter) => isDecayed(parameter) === decayed);
      return members.length === 0 ? [] : [this.#group(decayed ? 'weights' : 'biases', decayed, members)];
    });
  }

  #group(name: string, decayed: boolean, members: Value[]): Group {
    const build = this.#build;
    const tensors = members.map((member) => member.initializer as Tensor);
    const sizes = tensors.map((tensor) => tensor.size);
    const vector = this.#resident(`espalier.${name}`, concatenate(tensors));
    const parts =
      members.length === 1 ? [vector] : build.node('Split', [vector, build.ints(sizes)], { axis: 0 }, { outputs: members.length });
    let offset = 0;
    const slices = members.map((member, index) => {
      const slice = { name: member.name, shape: tensors[index].shape, offset };
      offset += sizes[index];
      return slice;
    });
    this.#slices.set(`espalier.${name}`, slices);
    members.forEach((member, index) => {
      build.graph.replace(member, build.op('Reshape', [parts[index], build.ints(tensors[index].shape)]));
    });
    return { name, decayed, members, vector };
  }

  /** A running statistic: replaced by a resident input of its own. */
  buffer(initializer: Value, next: Value): void {
    this.#single(bufferInput(initializer.name), initializer, next);
  }

  /** Replaced by a resident input that no step changes. */
  held(initializer: Value): void {
    this.#single(heldInput(initializer.name), initializer, null);
  }

  #single(name: string, initializer: Value, next: Value | null): void {
    const tensor = initializer.initializer as Tensor;
    const current = this.#resident(name, tensor);
    this.#build.graph.replace(initializer, current);
    this.#next.set(name, next);
    this.#slices.set(name, [{ name: initializer.name, shape: tensor.shape, offset: 0 }]);
  }

  update(groups: readonly Group[], gradients: ReadonlyMap<Value, Value>, options: StepOptions): void {
    const build = this.#build;
    const flat = groups.map((group) => {
      const parts = group.members.map((member) => build.op('Reshape', [gradients.get(member) as Value, build.ints([-1])]));
      return parts.length === 1 ? parts[0] : build.op('Concat', parts, { axis: 0 });
    });
    const factor = options.clipNorm === undefined ? undefined : clipFactor(build, flat, options.clipNorm).factor;
    groups.forEach((group, index) => {
      const gradient = factor ? build.op('Mul', [flat[index], factor]) : flat[index];
      const next = addUpdate(options.optimizer, {
        build,
        parameter: group.vector,
        gradient,
        decay: group.decayed ? (options.weightDecay ?? 0) : 0,
        scalar: (name) => this.#scalar(name),
        slot: (name) => this.#slot(`espalier.${group.name}.${name}`, group.vector),
      });
      this.#next.set(`espalier.${group.name}`, next);
      if (options.ema) this.#average(group, next);
    });
  }

  #average(group: Group, next: Value): void {
    const build = this.#build;
    const name = `espalier.${group.name}.average`;
    const average = this.#resident(name, this.initial[`espalier.${group.name}`]);
    this.#slices.set(name, this.#slices.get(`espalier.${group.name}`) as Slice[]);
    const difference = build.op('Sub', [average, next]);
    this.#next.set(name, build.op('Add', [next, build.op('Mul', [difference, this.#scalar('averageFactor')])]));
  }

  #scalar(name: ScalarName): Value {
    const known = this.#scalars.get(name);
    if (known) return known;
    const made = this.#build.input(`espalier.${name}`, 'float32', []);
    this.#scalars.set(name, made);
    return made;
  }

  #slot(name: string, like: Value): { value: Value; next(value: Value): void } {
    const shape = staticShape(like.shape) as number[];
    const value = this.#resident(name, Tensor.of('float32', shape, new Float32Array(sizeOf(shape))));
    return { value, next: (next) => this.#next.set(name, next) };
  }

  #resident(name: string, initial: Tensor): Value {
    this.initial[name] = initial;
    return this.#build.input(name, initial.dtype, initial.shape);
  }

  /** Makes the next values outputs; returns which input each becomes. */
  finish(): Record<string, string | null> {
    return Object.fromEntries([...this.#next].map(([name, next]) => [name, next && this.#build.output(next, `${name}.next`).name]));
  }

  extract(state: Readonly<Record<string, Tensor>>, which: 'current' | 'average'): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    for (const [name, slices] of this.#slices) {
      if (name.endsWith('.average')) continue;
      const source = (which === 'average' && state[`${name}.average`]) || state[name];
      if (!source) continue;
      const data = source.data() as Float32Array;
      for (const { name: target, shape, offset } of slices)
        found.set(target, Tensor.of('float32', shape, data.slice(offset, offset + sizeOf(shape))));
    }
    return found;
  }
}

function concatenate(tensors: readonly Tensor[]): Tensor {
  const whole = new Float32Array(tensors.reduce((sum, tensor) => sum + tensor.size, 0));
  let offset = 0;
  for (const tensor of tensors) {
    whole.set(tensor.data() as Float32Array, offset);
    offset += tensor.size;
  }
  return Tensor.of('float32', [whole.length], whole);
}
