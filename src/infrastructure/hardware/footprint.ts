import { OptionError } from '../../base/index.js';
import { type Bindings, copyModel, encodeModel, inlineFunctions, type Model, nodesOf } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import { storedInAttributes, type Trees, treesOf } from './attributes.js';
import { ConstantValues, constantsOf, isParameter, type ParameterTable, tally } from './constants.js';
import { type EnergyEstimate, estimateEnergy } from './energy.js';
import { type Gap, type LayerCost, layerCosts } from './layers.js';
import { type PeakMemory, peakMemory } from './liveness.js';

export interface FootprintOptions {
  /** Sizes of symbolic dimensions of the inputs, e.g. { N: 8, length: 128 }. */
  bindings?: Bindings;
  /** Shapes that replace those of inputs, by name. */
  inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** Size of the first dimension of the inputs where it is symbolic and not in `bindings`. Default 1. */
  batch?: number;
  /** Bytes of the file, where they are known; saves encoding the model. */
  bytes?: number;
  /** Memory on the chip, for the energy estimate: a layer whose activations fit does not go to DRAM with them. Default 1 MiB. */
  sramBytes?: number;
}

/** What a model costs, counted from its graph. */
export interface Footprint {
  /** Bytes of the ONNX file. */
  readonly bytes: number;
  /**
   * Learned numbers: elements of all constants, shapes and indices (int64), booleans and texts not counted, and what operators of classical machine
   * learning have in their attributes. Shared ones count once.
   */
  readonly parameters: number;
  /** All constants by element type. */
  readonly constants: ParameterTable;
  /** Decision trees. */
  readonly trees?: Trees;
  /** Bytes of all of them as stored. */
  readonly weightBytes: number;
  /** Multiply-accumulates of one run. */
  readonly macs: number;
  /** Bytes written by all layers together. */
  readonly activationBytes: number;
  readonly memory: PeakMemory;
  /** Operations (two per multiply-accumulate) per byte of weights read and activations read and written. */
  readonly intensity: number;
  readonly energy: EnergyEstimate;
  readonly layers: readonly LayerCost[];
  /** Sizes that were given to symbolic dimensions, assumed ones included. */
  readonly bindings: Bindings;
  /** What the totals leave out; empty where everything is known. */
  readonly gaps: readonly Gap[];
}

/**
 * Counts what a model costs, without running it. Of If's branches the costliest counts; a loop's body counts once, and is listed in `gaps`.
 * @throws GraphError where the graph contradicts itself.
 */
export function footprint(model: Model, options: FootprintOptions = {}): Footprint {
  const { batch = 1, sramBytes = 2 ** 20 } = options;
  if (!(Number.isSafeInteger(batch) && batch >= 1)) {
    throw new OptionError({ what: 'Bad batch size', where: 'batch', expected: 'a positive integer', got: String(batch) });
  }
  const bindings = { ...batchBindings(model, batch), ...options.bindings };
  const typed = copyModel(inlineFunctions(model));
  inferShapes(typed, { bindings, inputShapes: options.inputShapes });

  const constants = new ConstantValues();
  const gaps: Gap[] = [];
  const layers = layerCosts(typed.graph, typed.opsets, constants, gaps);
  const all = new Set(constantsOf(typed.graph));
  const inAttributes = nodesOf(typed.graph).map(storedInAttributes);
  const weightBytes =
    [...all].reduce((sum, tensor) => sum + tensor.byteLength, 0) + inAttributes.reduce((sum, { bytes }) => sum + bytes, 0);
  const trees = treesOf(typed.graph);
  const running = layers.filter((layer) => !layer.alternative);
  const macs = running.reduce((sum, layer) => sum + (layer.macs ?? 0), 0);
  const traffic = running.reduce((sum, layer) => sum + layer.traffic, 0);
  return {
    bytes: options.bytes ?? encodeModel(model).byteLength,
    parameters:
      [...all].filter(isParameter).reduce((sum, tensor) => sum + tensor.size, 0) +
      inAttributes.reduce((sum, { parameters }) => sum + parameters, 0),
    ...(trees && { trees }),
    constants: tally(all),
    weightBytes,
    macs,
    activationBytes: running.reduce((sum, layer) => sum + layer.activationBytes, 0),
    memory: peakMemory(typed.graph, constants),
    intensity: weightBytes + traffic === 0 ? 0 : (2 * macs) / (weightBytes + traffic),
    energy: estimateEnergy(
      running.map((layer) => ({ ...layer, macs: layer.macs ?? 0 })),
      sramBytes,
    ),
    layers,
    bindings,
    gaps,
  };
}

/** The batch size for every symbolic first dimension of an input. */
export function batchBindings(model: Model, batch: number): Bindings {
  const found: Record<string, number> = {};
  for (const input of model.graph.feeds) {
    const first = input.shape?.[0];
    if (first !== undefined && typeof first !== 'number') found[first.text] = batch;
  }
  return found;
}
