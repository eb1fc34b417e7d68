import type { Graph, Node, Value } from '../../onnx/index.js';
import { isInferenceNormalization } from './fold-normalization.js';

/**
 * Moves ReLU and inference BatchNormalization from behind a MaxPool to before it, in place and in subgraphs too, where a convolution comes before the
 * pool: the convolution can take them in, and what ReLU cuts off needs no range when it is quantized. Neither changes which value of
 * a window is the largest, as long as the normalization multiplies by nothing negative. (Networks pool first because that is quicker to train.)
 * @returns the number of nodes moved.
 */
export function passPools(graph: Graph): number {
  graph.sort();
  const moved = graph.nodes.filter((node) => keepsOrder(node) && pass(graph, node));
  if (moved.length > 0) graph.sort();
  const inner = graph.nodes.flatMap((node) => node.subgraphs());
  return inner.reduce((sum, each) => sum + passPools(each), moved.length);
}

/** Whether a channel's larger inputs become its larger outputs, or equal ones. */
function keepsOrder(node: Node): boolean {
  if (node.op === 'Relu' && node.domain === '') return true;
  if (!isInferenceNormalization(node)) return false;
  const [scale, ...others] = node.inputs.slice(1, 5).map((value) => value?.constant);
  return scale !== undefined && others.every((tensor) => tensor !== undefined) && scale.numbers().every((factor) => factor >= 0);
}

function pass(graph: Graph, node: Node): boolean {
  const [pooled] = node.inputs;
  const [result] = node.outputs;
  const pool = pooled?.producer;
  const [source] = pool?.inputs ?? [];
  if (!pooled || !pool || !source || !result) return false;
  if (pool.op !== 'MaxPool' || pool.domain !== '' || pool.graph !== graph || pool.outputs.length > 1) return false;
  if (!followsConvolution(source) || !isInner(graph, pooled) || !isInner(graph, source)) return false;
  graph.replace(result, pooled);
  node.setInput(0, source);
  result.type = source.type;
  pool.setInput(0, result);
  return true;
}

/** A convolution's output, as it is or normalized: what has been moved already may be between them. */
function followsConvolution({ producer }: Value): boolean {
  const layer = producer && isInferenceNormalization(producer) ? producer.inputs[0]?.producer : producer;
  return layer?.op === 'Conv' && layer.domain === '' && layer.inputs.slice(1).every((value) => !value || value.constant !== undefined);
}

/** Whether one node reads the value, and nobody else does. */
function isInner(graph: Graph, value: Value): boolean {
  return value.uses().length === 1 && !graph.outputs.includes(value);
}
