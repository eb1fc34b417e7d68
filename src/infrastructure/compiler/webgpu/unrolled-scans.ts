import { copyGraph, type Graph, type GraphBuilder, type Model, type Node, type Pass, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';

/** Nodes that a Scan may become: each is a program that the graphics card is handed in every run. */
const MOST_NODES = 8192;

/**
 * Writes, in place, Scans over a known number of steps out step by step: ONNX Runtime's WebGPU provider (1.30) leaves them to the processor, with copies of all that they read
 * and make. What would become more than 8,192 nodes stays.
 * @returns the number of Scans.
 */
function unroll(model: Model, graph: Graph): number {
  let count = 0;
  const build = typedBuilder(graph, model.opsets, { prefix: 'scan' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += unroll(model, inner);
    const scan = scanOf(node);
    if (!scan || scan.steps * scan.body.nodes.length > MOST_NODES) continue;
    writeSteps(build, node, scan);
    graph.remove(node);
    count++;
  }
  graph.sort();
  return count;
}

export const unrolledScans: Pass = {
  name: 'webgpu-unroll-scans',
  summary: 'Scans over a known number of steps are written out step by step, for the WebGPU provider has no kernel of Scan.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: (model) => unroll(model, model.graph),
};

interface Scan {
  body: Graph;
  steps: number;
  /** What the first step is handed. */
  start: readonly Value[];
  sequences: readonly Strip[];
  /** Where what is collected goes, after what the last step hands on. */
  collected: readonly { axis: number; backwards: boolean }[];
}

/** A sequence: a step sees its element of an axis. */
interface Strip {
  value: Value;
  axis: number;
  backwards: boolean;
}

/** Of a Scan of opset 9 on whose number of steps is known. */
function scanOf(node: Node): Scan | undefined {
  const body = node.subgraph('body');
  const inputs = node.inputs.filter((input) => input !== undefined);
  const scanned = node.int('num_scan_inputs', 0);
  if (node.op !== 'Scan' || node.domain !== '' || !body || scanned === 0 || body.inputs.length !== inputs.length) return undefined;
  const handed = inputs.length - scanned;
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const [axes, directions] = [node.ints('scan_input_axes', zeros(scanned)), node.ints('scan_input_directions', zeros(scanned))];
  const sequences = inputs.slice(handed).map((value, index) => {
    const rank = value.shape?.length ?? 0;
    return { value, axis: (axes[index] + rank) % Math.max(rank, 1), backwards: directions[index] === 1 };
  });
  const steps = sequences[0].value.shape?.[sequences[0].axis];
  if (typeof steps !== 'number' || steps === 0) return undefined;
  const collects = node.outputs.length - handed;
  const [outAxes, outDirections] = [node.ints('scan_output_axes', zeros(collects)), node.ints('scan_output_directions', zeros(collects))];
  const collected = outAxes.map((axis, index) => ({ axis, backwards: outDirections[index] === 1 }));
  return { body, steps, start: inputs.slice(0, handed), sequences, collected };
}

function writeSteps(build: GraphBuilder, node: Node, { body, steps, start, sequences, collected }: Scan): void {
  const { graph } = build;
  // Constants of the body are shared by the steps.
  for (const constant of [...body.initializers]) {
    constant.name = graph.freshName(constant.name);
    body.initializers.delete(constant);
    graph.initializers.add(constant);
  }
  const kept: Value[][] = collected.map(() => []);
  let handed = start;
  for (let step = 0; step < steps; step++) {
    const rows = sequences.map(({ value, axis, backwards }) =>
      build.op('Gather', [value, build.scalar(backwards ? steps - 1 - step : step, 'int64')], { axis }),
    );
    const outputs = writeBody(graph, body, [...handed, ...rows]);
    handed = outputs.slice(0, start.length);
    kept.forEach((values, index) => {
      const { axis, backwards } = collected[index];
      const value = build.op('Unsqueeze', [outputs[start.length + index], build.ints([axis])]);
      if (backwards) values.unshift(value);
      else values.push(value);
    });
  }
  const results = [...handed, ...kept.map((values, index) => build.op('Concat', values, { axis: collected[index].axis }))];
  node.outputs.forEach((output, index) => {
    if (output) graph.replace(output, results[index]);
  });
}

/** Copies the body's nodes into the graph around it. @returns its outputs. */
function writeBody(graph: Graph, body: Graph, inputs: readonly Value[]): Value[] {
  const { graph: copy, values } = copyGraph(body);
  const given = new Map(body.inputs.map((input, index) => [values.get(input), inputs[index]]));
  for (const [parameter, value] of given) for (const { node, index } of parameter?.uses() ?? []) node.setInput(index, value);
  for (const value of copy.values(true)) if (!given.has(value) && value.producer) value.name = graph.freshName(value.name);
  const outputs = copy.outputs.map((output) => given.get(output) ?? output);
  for (const node of copy.nodes.splice(0)) {
    node.name = graph.freshName(node.name || node.op);
    graph.add(node);
  }
  return outputs;
}
