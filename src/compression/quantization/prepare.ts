import { cancelMoves, foldConstants, foldNormalization, hoistAbovePools } from '../../infrastructure/compiler/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import {
  constantsToInitializers,
  type Graph,
  graphsOf,
  type Model,
  type Node,
  nodesOf,
  removeDeadCode,
  shareConstants,
} from '../../onnx/index.js';
import { inferShapes, inPlainFloats, upgradeOpset } from '../../ops/index.js';
import { foldAffine, normalizationToConvolution } from './fold-affine.js';

/** The first opset whose DequantizeLinear takes one scale for each channel. */
const CHANNEL_OPSET = 13;

export interface PrepareOptions {
  /** Default 13. */
  opset?: number;
  /** Make convolutions of the batch normalizations that no layer takes in. Default true. */
  normalizationToConvolution?: boolean;
}

/**
 * A copy of a float model in the form that is quantized: integers, half precision and what a runtime fused said in plain floats, standard operators at opset 13 or newer, constants and batch normalizations folded,
 * additions and multiplications of constants folded into the layer before, in branches and bodies too, every node named, every value typed where
 * rules tell.
 * @throws UnsupportedError where a model that is quantized already cannot be said in floats.
 */
export async function prepareModel(source: Model, runtime: Runtime, options: PrepareOptions = {}): Promise<Model> {
  const { opset = CHANNEL_OPSET, normalizationToConvolution: convert = true } = options;
  const model = upgradeOpset(inPlainFloats(source), opset);
  const { graph } = model;
  dropDefaultInputs(graph);
  for (const each of graphsOf(graph)) constantsToInitializers(each);
  inferShapes(model);
  await foldConstants(model, runtime);
  shareConstants(graph);
  cancelMoves(graph);
  inferShapes(model);
  hoistAbovePools(graph);
  foldNormalization(graph);
  for (const each of graphsOf(graph)) foldAffine(each);
  if (convert) normalizationToConvolution(graph);
  removeDeadCode(graph);
  inferShapes(model);
  nameNodes(graph);
  return model;
}

/** Weights that are listed as inputs too (all were before IR version 4, and some exporters went on) are constants: no caller feeds them. */
function dropDefaultInputs(graph: Graph): void {
  const { feeds } = graph;
  graph.inputs.length = 0;
  for (const feed of feeds) graph.inputs.push(feed);
}

/** Options, notes and plans speak of nodes by name: each, inner ones too, gets one of its own, after its first output where it had none. Names that are there stay. */
function nameNodes(graph: Graph): void {
  const taken = new Set<string>();
  const isNew = ({ name }: Node) => name !== '' && !taken.has(name) && taken.add(name);
  for (const node of [...nodesOf(graph)].filter((each) => !isNew(each))) {
    const base = node.name || firstOutput(node);
    node.name = taken.has(base) ? graph.freshName(base) : base;
    taken.add(node.name);
  }
}

function firstOutput(node: Node): string {
  return node.outputs.find((output) => output)?.name ?? node.op;
}
