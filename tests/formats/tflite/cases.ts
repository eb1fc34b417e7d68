import { readFileSync } from 'node:fs';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { copiesOf, type DataType, type Model, Tensor } from 'espalier/onnx';
import { fixture } from '../../support/paths.js';

/** A tensor in a fixture; its bytes in base64. */
export interface Stored {
  dtype: DataType;
  shape: number[];
  bytes: string;
}

/** A file, and what LiteRT's interpreter answers. */
export interface TfliteCase {
  name: string;
  model: Uint8Array;
  inputs: Tensor[];
  outputs: Tensor[];
}

/** The small models that tests/fixtures/tflite/read.py made. */
export function readCases(): TfliteCase[] {
  const stored = JSON.parse(readFileSync(fixture('tflite', 'read.json'), 'utf8')) as Record<
    string,
    { model: string; inputs: Stored[]; outputs: Stored[] }
  >;
  return Object.entries(stored).map(([name, { model, inputs, outputs }]) => ({
    name,
    model: bytesOf(model),
    inputs: inputs.map(tensorOf),
    outputs: outputs.map(tensorOf),
  }));
}

export function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

export function tensorOf({ dtype, shape, bytes }: Stored): Tensor {
  return new Tensor(dtype, shape, bytesOf(bytes));
}

/** What a model gives, by its outputs. */
export async function answersOf(
  runtime: Runtime,
  model: Model,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<readonly (Tensor | undefined)[]> {
  const program = await runtime.compile(model, { threads: 1 });
  const answers = await program.run(copiesOf(inputs));
  await program.dispose();
  return model.graph.outputs.map(({ name }) => answers[name]);
}

/** For each output the step between its numbers, where they are rounded to integers last: 1 for integers. Undefined for numbers that are not. */
export function unitsOf({ graph }: Model): (number | undefined)[] {
  return graph.outputs.map(({ dtype, producer }) => {
    if (dtype !== 'float32') return 1;
    return producer?.op === 'DequantizeLinear' ? producer.inputs[1]?.constant?.numbers()[0] : undefined;
  });
}

/** How far two tensors are apart, in units, or as a share of the largest wanted number where there are none; and how many elements differ at all. */
export function apart(got: Tensor | undefined, wanted: Tensor, unit?: number): { most: number; differ: number } {
  if (got?.dtype !== wanted.dtype || String(got.shape) !== String(wanted.shape))
    throw new Error(`${got?.dtype}[${got?.shape}] instead of ${wanted.dtype}[${wanted.shape}]`);
  const [a, b] = [got.numbers(), wanted.numbers()];
  const step = unit ?? b.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-6);
  let [most, differ] = [0, 0];
  a.forEach((each, i) => {
    if (Object.is(each, b[i])) return;
    if (each !== b[i]) differ++;
    const distance = Math.abs(each - b[i]) / step;
    most = Math.max(most, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  });
  return { most, differ };
}
