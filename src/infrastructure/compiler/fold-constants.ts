import { RuntimeError } from '../../base/index.js';
import {
  bitsOf,
  byteLengthOf,
  constantsAreInitializers,
  copyGraph,
  functionsWrittenOut,
  type Graph,
  isFloat,
  type Model,
  mayVary,
  type Node,
  type Pass,
  productOfDims,
  staticShape,
  Tensor,
  typesAreKnown,
  type Value,
  weightsAreNoInputs,
} from '../../onnx/index.js';
import { Inference } from '../../ops/index.js';
import type { Runtime } from '../runtime/index.js';
import { constantPart } from './constant-part.js';

/** Results that take more bytes than what they are computed from are kept computed from this size on, in bytes. */
const LARGEST_EXPANSION = 1024;

/**
 * Replaces, in place and in subgraphs too, what can be computed before any input is known by its value: shape arithmetic by inference, the rest by
 * running it once. An initializer that is also an input counts as a constant. Weights stored in fewer bits than their values (DequantizeLinear of
 * int8) stay so, and what the runtime cannot compute stays as it is.
 * @param effort shared by calls on one model, so that they do not try again what failed.
 * @returns the number of nodes removed.
 * @throws GraphError where the graph contradicts itself.
 */
export async function foldConstants(model: Model, runtime: Runtime, effort = new FoldingEffort()): Promise<number> {
  model.graph.sort();
  for (const [value, tensor] of shapeConstants(model)) replaceByConstant(model.graph, value, tensor);
  return foldGraph({ model, runtime, effort }, model.graph);
}

export const foldedConstants: Pass<CompilerContext, Promise<number>> = {
  name: 'fold-constants',
  summary: 'Computes what no input changes, by ONNX Runtime, and sizes that follow from shapes.',
  kind: 'simplify',
  requires: [functionsWrittenOut, weightsAreNoInputs, constantsAreInitializers, typesAreKnown],
  ensures: [],
  run: (model, { runtime, effort }) => foldConstants(model, runtime, effort),
};

/** What passes that run a model need. */
export interface CompilerContext {
  readonly runtime: Runtime;
  /** Default: one for each pass. */
  readonly effort?: FoldingEffort;
}

/** What is spent on a model, over all calls that share it: each run of the runtime takes tens of milliseconds, whatever it computes. */
export class FoldingEffort {
  /** Runs that are left. */
  runs = 16;
  /** Nodes that the runtime could not compute. */
  readonly failed = new Set<Node>();
  /** Results of more bytes are not stored, however large what they are computed from: others may read that, too. */
  readonly largest: number;

  /** @param options the largest result in bytes beyond those of small ones. Default: as large as what it is computed from. */
  constructor({ largest = Number.POSITIVE_INFINITY }: { largest?: number } = {}) {
    this.largest = largest;
  }
}

interface Source {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly effort: FoldingEffort;
}

async function foldGraph(source: Source, graph: Graph): Promise<number> {
  const constant = new Set<Value>();
  const foldable: Node[] = [];
  for (const node of graph.nodes) {
    if (source.effort.failed.has(node) || !isFoldable(node, constant, source.effort.largest)) continue;
    foldable.push(node);
    for (const output of node.outputs) if (output) constant.add(output);
  }
  const folded = new Set(foldable);
  const outputs = new Set(graph.outputs);
  const isRead = (value: Value) => outputs.has(value) || value.users.some((user) => !folded.has(user));
  const wanted = foldable.flatMap((node) => node.outputs.filter((output) => output && isRead(output))) as Value[];
  for (const [value, tensor] of await compute(source, foldable, wanted)) replaceByConstant(graph, value, tensor);
  let removed = removeUnread(graph);
  for (const node of graph.nodes) for (const inner of node.subgraphs()) removed += await foldGraph(source, inner);
  return removed;
}

/**
 * Integer values that inference knows although they depend on an input's shape. Only what inputs declare is relied on: inner declarations may
 * be left from an export with other sizes.
 */
function shapeConstants(model: Model): Map<Value, Tensor> {
  const { graph, values } = copyGraph(model.graph);
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output?.type?.kind === 'tensor') output.type = { kind: 'tensor', dtype: output.type.dtype };
  }
  const inference = new Inference(model.opsets, model.functions);
  inference.graph(graph);
  const known = new Map<Value, Tensor>();
  for (const node of model.graph.nodes) {
    if (node.op === 'Identity' || node.op === 'Constant') continue;
    for (const output of node.outputs) {
      const copy = output && values.get(output);
      const shape = staticShape(copy?.shape);
      const contents = inference.integers(copy);
      if (!output || !shape || !contents?.every((dim) => Number.isSafeInteger(dim))) continue;
      if (copy?.dtype === 'int64' || copy?.dtype === 'int32') known.set(output, Tensor.from(copy.dtype, shape, contents as number[]));
    }
  }
  return known;
}

/** An Identity stays: it carries a constant to a graph output, and elsewhere cancelMoves removes it. */
function isFoldable(node: Node, constant: ReadonlySet<Value>, largest: number): boolean {
  if (node.op === 'Constant' || node.op === 'Identity' || node.domain !== '' || mayVary(node) || node.subgraphs().length > 0) return false;
  const isConstant = (input: Value | undefined) => !input || constant.has(input) || input.constant !== undefined;
  if (node.inputs.length === 0 || !node.inputs.every(isConstant)) return false;
  return node.outputs.every((output) => !output || isWorthStoring(node, output, largest));
}

function isWorthStoring(node: Node, output: Value, largest: number): boolean {
  const bytes = bytesOf(output);
  if (bytes === undefined || output.dtype === undefined) return false;
  const narrow = node.inputs.some((input) => input?.dtype && bitsOf(input.dtype) <= 8 && input.dtype !== 'bool');
  if (narrow && isFloat(output.dtype)) return false;
  const read = node.inputs.reduce((sum, input) => sum + (input?.constant?.byteLength ?? (input && bytesOf(input)) ?? 0), 0);
  return bytes <= Math.max(Math.min(read, largest), LARGEST_EXPANSION);
}

function bytesOf({ dtype, shape }: Value): number | undefined {
  const size = shape && productOfDims(shape);
  return typeof size === 'number' && dtype && dtype !== 'string' ? byteLengthOf(dtype, size) : undefined;
}

/**
 * Runs the nodes alone; where that fails, in halves of halves, leaving out those that cannot be run (a branch that no input takes, say), as far as
 * the effort goes.
 */
async function compute(source: Source, nodes: readonly Node[], wanted: readonly Value[]): Promise<Map<Value, Tensor>> {
  const known = new Map<Value, Tensor>();
  if (wanted.length > 0 && !(await run(source, nodes, wanted, known))) await computeParts(source, nodes, known);
  return known;
}

async function computeParts(source: Source, nodes: readonly Node[], known: Map<Value, Tensor>): Promise<void> {
  if (source.effort.runs <= 0) return;
  if (nodes.length === 1) {
    source.effort.failed.add(nodes[0]);
    return;
  }
  const middle = Math.ceil(nodes.length / 2);
  for (const part of [nodes.slice(0, middle), nodes.slice(middle)]) {
    const made = new Set<Value>();
    const possible = part.filter((node) => {
      const ready = node.inputs.every((input) => !input || made.has(input) || known.has(input) || input.constant !== undefined);
      if (ready) for (const output of outputsOf(node)) made.add(output);
      return ready;
    });
    if (possible.length > 0 && !(await run(source, possible, [...made], known))) await computeParts(source, possible, known);
  }
}

function outputsOf(node: Node): Value[] {
  return node.outputs.filter((output) => output !== undefined);
}

/** Adds the wanted values to the known ones. @returns whether the runtime could compute them. */
async function run(
  { model, runtime, effort }: Source,
  nodes: readonly Node[],
  wanted: readonly Value[],
  known: Map<Value, Tensor>,
): Promise<boolean> {
  if (effort.runs <= 0) return false;
  effort.runs--;
  const { part, names } = constantPart(model, nodes, wanted, known);
  try {
    const program = await runtime.compile(part, { optimize: 'none', threads: 1 });
    try {
      const results = await program.run({});
      for (const value of wanted) known.set(value, results[names.get(value) as string]);
    } finally {
      await program.dispose();
    }
    return true;
  } catch (cause) {
    if (cause instanceof RuntimeError) return false;
    throw cause;
  }
}

function replaceByConstant(graph: Graph, value: Value, tensor: Tensor): void {
  if (value.readers.size === 0 && !graph.outputs.includes(value)) return;
  graph.replace(value, graph.addInitializer(graph.freshName(`${value.name}_folded`), tensor));
}

/** Removes nodes of this graph that nothing reads any more, from the last one back. */
function removeUnread(graph: Graph): number {
  const outputs = new Set(graph.outputs);
  const gone = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    const isRead = (value: Value) => outputs.has(value) || value.users.some((user) => !gone.has(user));
    if (!node.outputs.some((output) => output && isRead(output))) gone.add(node);
  }
  graph.removeAll(gone);
  return gone.size;
}
