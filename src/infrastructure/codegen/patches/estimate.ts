import { type Node, staticShape, type Value } from '../../../onnx/index.js';
import { bytesOfStorage, storageOf } from '../loops/index.js';
import type { MemoryPlan } from '../memory/index.js';
import { imageShape, type Region, windowsOf } from './regions.js';
import { regionsFor, type Stage } from './stage.js';

/** About the most bytes at one time (the result, and the largest layer's part of input and output), and multiply-accumulates that are computed again. */
export interface Needs {
  readonly bytes: number;
  readonly macs: number;
}

/** @returns undefined where a layer cannot be computed in such parts. */
export function needsOf(stage: Stage, parts: readonly Region[]): Needs | undefined {
  const { result, nodes } = stage;
  let most = 0;
  let macs = 0;
  const made = new Set(nodes.map(({ outputs: [output] }) => output));
  for (const part of parts) {
    const regions = regionsFor(stage, part);
    if (!regions) return undefined;
    for (const node of nodes) {
      const [input] = node.inputs;
      const [output] = node.outputs;
      if (!windowsOf(node) || !input || !output) continue;
      const source = input.producer?.op === 'DequantizeLinear' ? (input.producer.inputs[0] ?? input) : input;
      // A result is taken to be of the input's type: what follows element by element makes it so.
      const bytes = elementBytes(source);
      most = Math.max(
        most,
        bytes * ((made.has(source) ? elementsOf(source, regions.get(input)) : 0) + elementsOf(output, regions.get(output))),
      );
      macs += products(node) * elementsOf(output, regions.get(output));
    }
  }
  for (const node of nodes) macs -= node.outputs[0] ? products(node) * elementsOf(node.outputs[0], undefined) : 0;
  return { bytes: most + elementsOf(result, undefined) * elementBytes(result), macs };
}

/** The most bytes that are in use while what is behind a stage runs, as it is planned. */
export function bytesAfter({ nodes }: Stage, { kernels, living }: MemoryPlan): number {
  const labels = nodes.map(({ label }) => label);
  const after = living.filter((_, place) => !labels.some((label) => kernels[place].title.includes(label)));
  return Math.max(0, ...after.map((buffers) => buffers.reduce((sum, { type, size }) => sum + bytesOfStorage(type, size), 0)));
}

/** Multiply-accumulates of an element of a layer's output. */
function products({ op, inputs: [, weights] }: Node): number {
  if (op !== 'Conv') return 0;
  const shape = staticShape(weights?.constant?.shape ?? weights?.shape) ?? [];
  return shape.slice(1).reduce((all, size) => all * size, 1);
}

function elementBytes(value: Value): number {
  const type = storageOf(value.dtype);
  return type ? bytesOfStorage(type, 8) / 8 : 4;
}

/** Elements of a part of an image, or of all of it. */
function elementsOf(value: Value, region: Region | undefined): number {
  const shape = imageShape(value) ?? [0, 0, 0, 0];
  const spatial = region ? region.reduce((all, { from, to }) => all * (to - from), 1) : shape[2] * shape[3];
  return shape[0] * shape[1] * spatial;
}
