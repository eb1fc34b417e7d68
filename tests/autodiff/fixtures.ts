import { readdirSync, readFileSync } from 'node:fs';
import { type DataType, Tensor } from 'espalier/onnx';
import { fixture } from '../support/paths.js';

/** Written by tests/fixtures/gradients/make.py. */
export interface GradientCase {
  name: string;
  opset: number;
  /** A serialized ONNX model; everything differentiable is a graph input. */
  model: Uint8Array;
  /** A node of the model is in training mode. */
  training: boolean;
  inputs: Record<string, Tensor>;
  /** Outputs of the model, from PyTorch. */
  outputs: Record<string, Tensor>;
  /** Gradient of the loss with respect to outputs; those without one do not enter the loss. */
  upstream: Record<string, Tensor>;
  /** PyTorch's gradient of each differentiable input. */
  gradients: Record<string, Tensor>;
  /** Why finite differences say nothing here. */
  nonsmooth?: string;
  /** Looser relative tolerances than usual, and why. */
  tolerance?: { forward?: number; gradient?: number; differences?: number; reason: string };
}

interface StoredTensor {
  dtype: string;
  shape: number[];
  data: string;
}
type StoredTensors = Record<string, StoredTensor>;
type StoredCase = Omit<GradientCase, 'model' | 'training' | 'inputs' | 'outputs' | 'upstream' | 'gradients'> & {
  model: string;
  training?: boolean;
} & Record<'inputs' | 'outputs' | 'upstream' | 'gradients', StoredTensors>;

/** Every family, in alphabetical order. */
export function gradientFamilies(): string[] {
  const files = readdirSync(fixture('gradients')).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.replace('.json', '')).sort();
}

/** The cases of a family, in file order. */
export function gradientCases(family: string): GradientCase[] {
  const file = JSON.parse(readFileSync(fixture('gradients', `${family}.json`), 'utf8')) as { cases: StoredCase[] };
  return file.cases.map((stored) => ({
    ...stored,
    model: bytes(stored.model),
    training: stored.training ?? false,
    inputs: tensors(stored.inputs),
    outputs: tensors(stored.outputs),
    upstream: tensors(stored.upstream),
    gradients: tensors(stored.gradients),
  }));
}

function tensors(stored: StoredTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, { dtype, shape, data }]) => [name, new Tensor(dtype as DataType, shape, bytes(data))]),
  );
}

/** Decoded into memory of its own, so that it can be seen as numbers of any width. */
function bytes(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}
