import { Stopped } from '../base/index.js';
import { representatives } from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import {
  copyModel,
  type Graph,
  type GraphBuilder,
  graphsOf,
  isFloat,
  type Model,
  type Node,
  nodesOf,
  type Tensor,
  tensorType,
  Value,
} from '../onnx/index.js';
import { typedBuilder } from '../ops/index.js';
import { affordableBatch } from './batch-size.js';
import { runsOf } from './feeds.js';
import type { Task } from './tasks/task.js';

/** A graph inside a model, which not every run enters: a branch of If, the body of Loop or Scan. */
export interface Subgraph {
  readonly graph: Graph;
  /** For people: then_branch of If "choice". */
  readonly label: string;
}

type Outputs = Readonly<Record<string, Tensor>>;

/** Tells which subgraphs of a model were entered, over all runs of a copy of it that says so in further outputs. */
export class Reach {
  /** The model with the outputs that tell; the model itself where it has none. */
  readonly model: Model;
  readonly #subgraphs: ReadonlyMap<string, Subgraph>;
  readonly #entered = new Set<string>();

  constructor(source: Model) {
    const inner = graphsOf(source.graph).flatMap(({ nodes }) => nodes.flatMap(subgraphsOf));
    this.model = inner.length > 0 ? copyModel(source) : source;
    const copies = graphsOf(this.model.graph);
    const own = new Map(graphsOf(source.graph).map((graph, index) => [copies[index], graph]));
    const known = new Map(inner.map((each) => [each.graph, each]));
    const build = typedBuilder(this.model.graph, this.model.opsets);
    const flags = inner.length > 0 ? flagsIn(build, this.model) : new Map<Graph, Value>();
    this.#subgraphs = new Map([...flags].map(([graph, flag]) => [build.output(flag).name, known.get(own.get(graph) as Graph) as Subgraph]));
  }

  /** What must be fetched of each run, for `add`. */
  get outputs(): string[] {
    return [...this.#subgraphs.keys()];
  }

  add(outputs: Outputs): void {
    for (const name of this.#subgraphs.keys()) if (outputs[name].numbers()[0] > 0) this.#entered.add(name);
  }

  /** Those with weights that no run so far entered, by what people call them; not those inside others of them. */
  get unknown(): string[] {
    const missed = this.missed.filter(readsWeights);
    return missed.flatMap(({ graph, label }) => (missed.some((other) => other.graph === graph.outer) ? [] : [label]));
  }

  /** Those that no run so far entered. */
  get missed(): Subgraph[] {
    return [...this.#subgraphs].flatMap(([name, each]) => (this.#entered.has(name) ? [] : [each]));
  }
}

export interface ReachRequest {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  split: 'calibration' | 'validation';
  runtime: Runtime;
  /** At most so many. */
  samples: number;
  threads?: number;
  signal?: AbortSignal;
}

/** What samples enter, in batches as they are measured. */
export async function reachOf({ model, task, split, runtime, samples, threads, signal }: ReachRequest): Promise<Reach> {
  const reach = new Reach(model);
  if (reach.outputs.length === 0) return reach;
  const part = representatives(task.splits[split], samples);
  const batchSize = await affordableBatch(model, task, { wished: Math.min(BATCH_SIZE, part.size), split });
  const program = await runtime.compile(reach.model, { threads, signal });
  try {
    for await (const feeds of runsOf(task.feeds, part, batchSize)) {
      if (signal?.aborted) throw new Stopped('Looking for what samples enter was stopped');
      reach.add(await program.run(feeds, reach.outputs));
    }
  } finally {
    await program.dispose();
  }
  return reach;
}

const BATCH_SIZE = 32;

/** Whether nodes inside multiply by constants: what compression changes. */
function readsWeights({ graph }: Subgraph): boolean {
  return nodesOf(graph).some(({ inputs }) => inputs.some((value) => isFloat(value?.constant?.dtype) && (value?.shape?.length ?? 0) > 1));
}

function subgraphsOf(node: Node): Subgraph[] {
  return [...node.attributes].flatMap(([name, attribute]) =>
    isTold(node) && attribute.type === 'graph' ? [{ graph: attribute.value, label: `${name} of ${node.label}` }] : [],
  );
}

/** Scan had a batch axis before it had axes of its outputs, and no model of today has it. */
function isTold(node: Node): boolean {
  return node.domain === '' && (node.op === 'If' || node.op === 'Loop' || (node.op === 'Scan' && node.attributes.has('num_scan_inputs')));
}

/** By each subgraph inside a builder's graph a scalar of that one: above 0 where the subgraph was entered. */
function flagsIn(build: GraphBuilder, model: Model): Map<Graph, Value> {
  const found = new Map<Graph, Value>();
  for (const node of [...build.graph.nodes].filter(isTold)) {
    const flags = node.op === 'If' ? flagsOfIf(node, build, model) : flagsOfLoop(node, build, model);
    for (const [graph, flag] of flags) found.set(graph, flag);
  }
  return found;
}

/** What is told of a subgraph by itself and by those inside it, as values of its own. */
function toldBy(graph: Graph, model: Model): { inner: GraphBuilder; told: Map<Graph, Value> } {
  const inner = typedBuilder(graph, model.opsets);
  return { inner, told: new Map([[graph, inner.scalar(1, 'int64')], ...flagsIn(inner, model)]) };
}

/** Each branch says what it knows, and 0 for the other one. */
function flagsOfIf(node: Node, build: GraphBuilder, model: Model): Map<Graph, Value> {
  const branches = node.subgraphs().map((branch) => toldBy(branch, model));
  const count = branches[0].inner.graph.outputs.length;
  const all = branches.flatMap(({ told }) => [...told.keys()]);
  for (const { inner, told } of branches)
    for (const each of all) inner.output(inner.op('Identity', [told.get(each) ?? inner.scalar(0, 'int64')]));
  return new Map(all.map((each, index) => [each, furtherOutput(node, count + index, [], build)]));
}

/** Turns say it one by one, and there may be none. */
function flagsOfLoop(node: Node, build: GraphBuilder, model: Model): Map<Graph, Value> {
  const [body] = node.subgraphs();
  const { inner, told } = toldBy(body, model);
  const first = body.outputs.length - (node.op === 'Loop' ? 1 : 0);
  for (const flag of told.values()) inner.output(inner.op('Identity', [flag]));
  for (const name of ['scan_output_axes', 'scan_output_directions']) {
    const given = node.ints(name, undefined);
    if (given) node.attributes.set(name, { type: 'ints', value: [...given, ...[...told].map(() => 0)] });
  }
  return new Map(
    [...told.keys()].map((graph, index) => {
      const turns = furtherOutput(node, first + index, undefined, build);
      const all = build.op('Concat', [build.ints([0]), turns], { axis: 0 });
      return [graph, build.op('ReduceMax', [all], { keepdims: 0 })];
    }),
  );
}

function furtherOutput(node: Node, index: number, shape: readonly number[] | undefined, build: GraphBuilder): Value {
  const value = new Value(build.graph.freshName('entered'), tensorType('int64', shape));
  node.setOutput(index, value);
  return value;
}
