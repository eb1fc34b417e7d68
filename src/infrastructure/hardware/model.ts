import { sizeOf } from '../../base/index.js';
import { isView } from '../../onnx/index.js';
import type { LayerCost } from './layers.js';

/** What a layer's time is spent on: arithmetic, moving data, or what it costs before either is under way. */
export type Bound = 'compute' | 'memory' | 'start-up';

/** A layer on some hardware. Every number is an estimate. */
export interface LayerEstimation {
  readonly seconds: number;
  /** Of the hardware's clock, where the model counts them. */
  readonly cycles?: number;
  /** Undefined where nothing is known of the energy. */
  readonly joules?: number;
  readonly bound: Bound;
  /** Multiply-accumulates done, of those that all units could have done in the time: [0, 1]. */
  readonly utilisation?: number;
  /** Bytes read and written in memory off the chip, and in the buffers on it, where the model tells them apart. */
  readonly dramBytes?: number;
  readonly sramBytes?: number;
}

/** Hardware as a model of what layers cost on it. */
export interface HardwareModel {
  /** As options, cards and files name it: "a100". */
  readonly name: string;
  /** As a person is told: "NVIDIA A100 80 GB SXM". */
  readonly title: string;
  /** The kind of model: "systolic", "gpu", "cpu" or "microcontroller", or another's own. */
  readonly kind: string;
  /** Where its numbers are from. */
  readonly source: string;
  /**
   * What its runtimes compute together with the product before, at no cost: nothing (the default), or activations and normalizations by stored statistics of
   * numbers that nothing else reads.
   */
  readonly fuses?: 'activations';
  /** What it costs to run a layer once. @param before seconds of the layers that ran before it, as `fading` adds them: caches hold their things; default 0. */
  layer(layer: LayerCost, before?: number): LayerEstimation;
  /** Bytes that activations (and weights, unless `weightsInStorage`) may take, and those that the file may. */
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  /** Whether weights are read in place from storage, as microcontrollers do. Default false. */
  readonly weightsInStorage?: boolean;
  /** Watts while it computes, where known. */
  readonly watts?: number;
}

/** How much of what ran before a layer counts less with each layer that ran since. */
const FADING = 0.6;

/** Seconds of the layers before the next one, the last of which took `seconds`: each counts 0.6 of the one after it. */
export function fading(before: number, seconds: number): number {
  return FADING * before + seconds;
}

/** What most of a time is spent on: start-up where that is as much as another, and arithmetic before moving data. */
export function boundOf(spent: Readonly<Record<Bound, number>>): Bound {
  const { compute, memory } = spent;
  if (spent['start-up'] >= Math.max(compute, memory)) return 'start-up';
  return compute >= memory ? 'compute' : 'memory';
}

/** Numbers in a layer's outputs; 0 where their sizes are not known. */
export function outputElements({ outputs }: Pick<LayerCost, 'outputs'>): number {
  return outputs.reduce((sum, shape) => sum + elementsOf(shape), 0);
}

/** Numbers in a value of this shape; 0 where a size is not known. */
export function elementsOf(shape: LayerCost['outputs'][number]): number {
  const sizes = knownSizes(shape);
  return sizes ? sizeOf(sizes) : 0;
}

/** The sizes of a layer's input or output, where all are known. */
export function knownSizes(shape: LayerCost['outputs'][number]): number[] | undefined {
  const sizes = shape?.map(Number);
  return sizes?.every((size) => Number.isFinite(size)) ? sizes : undefined;
}

/** Operators that read no numbers of their data. */
const UNREADING = new Set(['Dropout', 'Shape', 'Size']);

/** Whether a layer only looks at data in another shape: compilers leave nothing of it. */
export function isFree({ op }: Pick<LayerCost, 'op'>): boolean {
  return isView({ op, domain: '' }) || UNREADING.has(op);
}
