import { sizeOf } from '../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../onnx/index.js';
import { flatten, unflatten } from './flat.js';
import type { RunningStatistic } from './normalization.js';
import { clipFactor, type OptimizerSpec, optimizerOf, type ScalarName, type Slot, type SlotStart } from './optimizers/index.js';
import { isDecayed } from './parameters.js';
import type { StepOptions } from './step-options.js';

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

/** The resident input that holds the running statistics of all normalizations. */
export const STATISTICS_INPUT = 'espalier.statistics';

/** The input that says whether this run is the last of those whose gradients are added up: a bool scalar. */
export const LAST_INPUT = 'espalier.last';

/** Parameters that are updated together, as one vector. */
export interface Group {
  name: string;
  /** Whether weight decay is for them. */
  decayed: boolean;
  /** The initializers that they were. */
  members: readonly Value[];
  vector: Value;
  /** Where the gradient is taken. */
  point: Value;
  /** What the graph reads in place of the members: parts of the point. */
  parts: readonly Value[];
  /** Factor of each parameter's learning rate; undefined where it is 1 for all. */
  rates?: Tensor;
}

/** The gradient of a group's vector. @param gradients by the group's members. */
export function flatGradient(build: GraphBuilder, { members }: Group, gradients: ReadonlyMap<Value, Value>): Value {
  return flatten(
    build,
    members.map((member) => gradients.get(member) as Value),
  );
}

/** Collects what persists between steps. */
export class StateBuilder {
  readonly initial: Record<string, Tensor> = {};
  readonly #build: GraphBuilder;
  #next = new Map<string, Value | null>();
  readonly #current = new Map<string, Value>();
  readonly #scalars = new Map<ScalarName, Value>();
  readonly #slices = new Map<string, Slice[]>();
  readonly #slots = new Map<string, Slot>();
  /** Moving average of each vector that has one. */
  readonly #averages = new Map<string, string>();

  constructor(build: GraphBuilder) {
    this.#build = build;
  }

  get scalars(): ScalarName[] {
    return [...this.#scalars.keys()];
  }

  /**
   * Replaces parameters by slices of resident vectors, or of the points where the optimizer takes its gradient.
   * @param rates factors of the learning rate, where they are not 1.
   */
  parameters(all: readonly Value[], rates: ReadonlyMap<Value, number>, optimizer: OptimizerSpec): Group[] {
    return [true, false].flatMap((decayed) => {
      const members = all.filter((parameter) => isDecayed(parameter) === decayed);
      if (members.length === 0) return [];
      const group = this.#group(decayed ? 'weights' : 'biases', decayed, members, optimizer);
      return [{ ...group, rates: factors(members, rates) }];
    });
  }

  #group(name: string, decayed: boolean, members: Value[], optimizer: OptimizerSpec): Group {
    const build = this.#build;
    const tensors = members.map((member) => member.initializer as Tensor);
    const vector = this.#resident(`espalier.${name}`, concatenate(tensors));
    const slot = (each: string, start?: SlotStart) => this.#slot(name, each, start);
    const point = optimizerOf(optimizer).point?.({ build, parameter: vector, slot }) ?? vector;
    this.#slices.set(`espalier.${name}`, slicesOf(members));
    const parts = unflatten(
      build,
      point,
      tensors.map(({ shape }) => shape),
    );
    members.forEach((member, index) => {
      build.graph.replace(member, parts[index]);
    });
    return { name, decayed, members, vector, point, parts };
  }

  /** Replaces running statistics by one resident vector, so that however many there are, a handful of nodes moves them. */
  statistics(all: readonly RunningStatistic[]): void {
    if (all.length === 0) return;
    const build = this.#build;
    const tensors = all.map(({ running }) => running.initializer as Tensor);
    const vector = this.#resident(STATISTICS_INPUT, concatenate(tensors));
    const momenta = all.map(({ momentum }) => momentum);
    const share = (of: (momentum: number) => number) =>
      momenta.every((momentum) => momentum === momenta[0])
        ? build.scalar(of(momenta[0]))
        : build.constant(
            concatenate(
              tensors.map(({ shape, size }, index) => Tensor.of('float32', shape, new Float32Array(size).fill(of(momenta[index])))),
            ),
          );
    const kept = build.op('Mul', [vector, share((momentum) => momentum)]);
    const batch = flatten(
      build,
      all.map((statistic) => statistic.batch),
    );
    this.#next.set(STATISTICS_INPUT, build.op('Add', [kept, build.op('Mul', [batch, share((momentum) => 1 - momentum)])]));
    const places = all.map(({ running }) => running);
    this.#slices.set(STATISTICS_INPUT, slicesOf(places));
    if (!places.some(({ users }) => users.length > 0)) return;
    const parts = unflatten(
      build,
      vector,
      tensors.map(({ shape }) => shape),
    );
    places.forEach((initializer, index) => {
      build.graph.replace(initializer, parts[index]);
    });
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

  /**
   * Writes the optimizer's update. With `accumulate` above 1 it is for the sum of so many runs' gradients: in those runs that `LAST_INPUT` is
   * fed true to.
   */
  update(groups: readonly Group[], gradients: ReadonlyMap<Value, Value>, options: StepOptions): void {
    const build = this.#build;
    const flat = groups.map((group) => flatGradient(build, group, gradients));
    const { accumulate = 1 } = options;
    if (accumulate === 1) {
      this.#update(build, groups, flat, options);
      return;
    }
    const last = build.input(LAST_INPUT, 'bool', []);
    const sums = groups.map(({ name }, index) => {
      const slot = this.#slot(name, 'gradients');
      const sum = build.op('Add', [slot.value, flat[index]]);
      slot.next(build.op('Where', [last, build.scalar(0), sum]));
      return sum;
    });
    this.#onlyIf(last, (branch) => {
      const means = sums.map((sum) => branch.op('Mul', [sum, branch.scalar(1 / accumulate)]));
      this.#update(branch, groups, means, options);
    });
  }

  /** Lets the next values that `write` sets hold where a condition does; otherwise everything stays. Nothing in the branch is run then. */
  #onlyIf(condition: Value, write: (branch: GraphBuilder) => void): void {
    const before = this.#next;
    const changed = new Map<string, Value | null>();
    const [update, stay] = ['update', 'stay'].map((name) => this.#build.within(name));
    this.#next = changed;
    write(update);
    this.#next = before;
    for (const [name, value] of changed) {
      update.output(value as Value);
      stay.output(this.#current.get(name) as Value);
    }
    const branches = { then_branch: update.graph, else_branch: stay.graph };
    const next = this.#build.node('If', [condition], branches, { outputs: changed.size });
    [...changed.keys()].forEach((name, index) => {
      before.set(name, next[index]);
    });
  }

  #update(build: GraphBuilder, groups: readonly Group[], flat: readonly Value[], options: StepOptions): void {
    const { optimizer, clipNorm, weightDecay = 0 } = options;
    const factor = clipNorm === undefined ? undefined : clipFactor(build, flat, clipNorm);
    groups.forEach((group, index) => {
      const { name, decayed, members, vector, point } = group;
      const rates = group.rates && build.constant(group.rates);
      const next = optimizerOf(optimizer).update({
        build,
        parameter: vector,
        point,
        gradient: factor ? build.op('Mul', [flat[index], factor]) : flat[index],
        sizes: members.map(({ initializer }) => (initializer as Tensor).size),
        multiplies: decayed,
        decay: decayed ? weightDecay : 0,
        scalar: (each) => {
          const number = this.#scalar(each);
          return rates && PROPORTIONAL.has(each) ? build.op('Mul', [number, rates]) : number;
        },
        slot: (each, start) => this.#slot(name, each, start),
      });
      this.#next.set(`espalier.${name}`, next);
      if (options.ema) this.#average(build, group, next);
    });
  }

  #average(build: GraphBuilder, group: Group, next: Value): void {
    const name = `espalier.${group.name}.average`;
    const average = this.#resident(name, this.initial[`espalier.${group.name}`]);
    this.#averages.set(`espalier.${group.name}`, name);
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

  #slot(group: string, name: string, start: SlotStart = 'zeros'): Slot {
    const full = `espalier.${group}.${name}`;
    const known = this.#slots.get(full);
    if (known) return known;
    const parameters = this.initial[`espalier.${group}`];
    const size = start === 'number' ? [] : parameters.shape;
    const initial = start === 'parameters' ? parameters : Tensor.of('float32', size, new Float32Array(sizeOf(size)));
    const slot = { value: this.#resident(full, initial), next: (next: Value) => void this.#next.set(full, next) };
    this.#slots.set(full, slot);
    return slot;
  }

  #resident(name: string, initial: Tensor): Value {
    const value = this.#build.input(name, initial.dtype, initial.shape);
    this.initial[name] = initial;
    this.#current.set(name, value);
    return value;
  }

  /** Makes the next values outputs; returns which input each becomes. */
  finish(): Record<string, string | null> {
    return Object.fromEntries([...this.#next].map(([name, next]) => [name, next && this.#build.output(next, `${name}.next`).name]));
  }

  /** Takes the model's tensors out of a state. It holds on to nothing of the graph, nor to the values at the start. */
  extractor(): (state: Readonly<Record<string, Tensor>>, which?: 'current' | 'average') => Map<string, Tensor> {
    const [places, averages] = [new Map(this.#slices), new Map(this.#averages)];
    return (state, which = 'current') => {
      const found = new Map<string, Tensor>();
      for (const [name, slices] of places) {
        const source = state[(which === 'average' && averages.get(name)) || name];
        if (!source) continue;
        const data = source.data() as Float32Array;
        for (const { name: target, shape, offset } of slices)
          found.set(target, Tensor.of('float32', shape, data.slice(offset, offset + sizeOf(shape))));
      }
      return found;
    };
  }
}

/** Numbers that are in proportion to the learning rate. */
const PROPORTIONAL: ReadonlySet<ScalarName> = new Set(['rate', 'stepSize']);

/** A factor for each element of some parameters, one after the other; undefined where all are 1. */
function factors(members: readonly Value[], rates: ReadonlyMap<Value, number>): Tensor | undefined {
  if (members.every((member) => (rates.get(member) ?? 1) === 1)) return undefined;
  return concatenate(
    members.map((member) => {
      const { shape, size } = member.initializer as Tensor;
      return Tensor.of('float32', shape, new Float32Array(size).fill(rates.get(member) ?? 1));
    }),
  );
}

/** Where initializers lie that are one vector, one after the other. */
function slicesOf(initializers: readonly Value[]): Slice[] {
  let offset = 0;
  return initializers.map(({ name, initializer }) => {
    const { shape, size } = initializer as Tensor;
    offset += size;
    return { name, shape, offset: offset - size };
  });
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
