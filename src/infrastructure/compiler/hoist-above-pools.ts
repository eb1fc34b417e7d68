import type { Graph, Node, Pass, Value } from '../../onnx/index.js';
import { inferenceNormalization } from '../../ops/index.js';
import { isInner } from './fold-normalization.js';

/**
 * Moves ReLU and inference BatchNormalization towards the inputs, from behind a MaxPool to before it, in place and in subgraphs too, where a
 * convolution comes before the pool: they fold into the convolution, and what ReLU cuts off needs no range when it is quantized. Neither changes
 * which value of a window is the largest, as long as the normalization multiplies by nothing negative. (Networks pool first because that is quicker
 * to train.)
 * @returns the number of nodes moved.
 */
export function hoistAbovePools(graph: Graph): number {
  graph.sort();
  const moved = graph.nodes.filter((node) => keepsOrder(node) && hoist(graph, node));
  if (moved.length > 0) graph.sort();
  const inner = graph.nodes.flatMap((node) => node.subgraphs());
  return inner.reduce((sum, each) => sum + hoistAbovePools(each), moved.length);
}

export const hoistedAbovePools: Pass = {
  name: 'hoist-above-pools',
  summary: 'ReLU and BatchNormalization (without negative scales) behind a MaxPool come before it, where a convolution can take them in.',
  kind: 'simplify',
  requires: [],
  ensures: [],
  run: ({ graph }) => hoistAbovePools(graph),
};

/** Whether a channel's larger inputs become its larger outputs, or equal ones. */
function keepsOrder(node: Node): boolean {
  if (node.op === 'Relu' && node.domain === '') return true;
  const [scale, ...others] = inferenceNormalization(node)?.map((value) => value?.constant) ?? [];
  return scale !== undefined && others.every((tensor) => tensor !== undefined) && scale.numbers().every((factor) => factor >= 0);
}

function hoist(graph: Graph, node: Node): boolean {
  const [pooled] = node.inputs;
  const [result] = node.outputs;
  const pool = pooled?.producer;
  const [source] = pool?.inputs ?? [];
  if (!pooled || !pool || !source || !result) return false;
  if (pool.op !== 'MaxPool' || pool.domain !== '' || pool.graph !== graph || pool.outputs.length > 1 || mayMissAll(pool)) return false;
  if (!followsConvolution(source, graph) || !isInner(graph, pooled) || !isInner(graph, source)) return false;
  graph.replace(result, pooled);
  node.setInput(0, source);
  result.type = source.type;
  pool.setInput(0, result);
  return true;
}

/** Whether a window may lie in padding altogether: its largest value is then the lowest number there is, which ReLU behind the pool would cut off. */
function mayMissAll(pool: Node): boolean {
  const dilated = pool.ints('dilations', []).some((dilation) => dilation > 1);
  return dilated && (pool.ints('pads', []).some((pad) => pad > 0) || pool.string('auto_pad', 'NOTSET') !== 'NOTSET');
}

/** The output of a convolution that takes in what follows, as it is or normalized: what has been moved already may be between them. */
function followsConvolution({ producer }: Value, graph: Graph): boolean {
  const layer = producer && inferenceNormalization(producer) ? producer.inputs[0]?.producer : producer;
  if (layer?.op !== 'Conv' || layer.domain !== '' || layer.graph !== graph) return false;
  return layer.inputs.slice(1).every((value) => !value || value.constant?.dtype === 'float32');
}
