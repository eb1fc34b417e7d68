import { readFile, stat } from 'node:fs/promises';
import { attempted, UnsupportedError } from '../../../base/index.js';
import { fileError } from '../../../base/node/index.js';
import { inventedFeeds, runnableInputs } from '../../../diagnosis/index.js';
import { loadModel } from '../../../formats/node/index.js';
import { createNodeRuntime } from '../../../infrastructure/runtime/node/index.js';
import { ortWebWasm } from '../../../infrastructure/targets/index.js';
import { referenceAnswers } from '../../../infrastructure/targets/node/index.js';
import type { Model, Tensor } from '../../../onnx/index.js';
import { isQuantized } from '../../../ops/index.js';
import type { DeviceJob, DeviceTensor } from '../../api/index.js';
import { validationFeeds } from './validation.js';

/** Of the largest magnitude of an output, what a quantized model may differ by: runtimes round sums otherwise. */
const QUANTIZED_TOLERANCE = 0.02;
/** Bytes of a model, and of what goes in and comes out of it, that a device is sent. */
const LARGEST_MODEL = 512e6;
const LARGEST_SAMPLE = 16e6;
/** Seed of numbers that are made up. */
const SEED = 1;

/** What a device runs a model on, and what it should answer. */
export type Sample = Pick<DeviceJob, 'bytes' | 'feeds' | 'expected' | 'tolerance'>;

/**
 * Inputs for a model, and what ONNX Runtime answers to them on this machine's processor.
 * @param folder of its run: a sample of the validation part is taken where that is at hand, and made up from the shapes of the model's inputs else.
 * @throws UnsupportedError where that is too much to be sent; RuntimeError where the model does not run here.
 */
export async function sampleFor(path: string, folder: string, signal: AbortSignal): Promise<Sample> {
  const { size } = await stat(path).catch((cause) => {
    throw fileError('The model cannot be read', path, cause);
  });
  requireRoom('The model is too large for a device', size, LARGEST_MODEL);
  const model = loadModel(path);
  const real = await attempted(
    () => validationFeeds(model, folder),
    () => undefined,
  );
  return sampleOf(await readFile(path), model, real ?? (await madeUp(model, signal)), signal);
}

/** The same of inputs that are at hand. @param bytes of the model's file. */
export async function sampleOf(
  bytes: Uint8Array,
  model: Model,
  feeds: Readonly<Record<string, Tensor>>,
  signal?: AbortSignal,
): Promise<Sample> {
  requireRoom('The model is too large for a device', bytes.length, LARGEST_MODEL);
  const expected = await referenceAnswers(bytes, feeds, { signal });
  const all = [...Object.values(feeds), ...Object.values(expected)];
  requireRoom(
    'Its inputs and outputs are too large for a device',
    all.reduce((sum, { byteLength }) => sum + byteLength, 0),
    LARGEST_SAMPLE,
  );
  return {
    bytes: bytes.length,
    feeds: written(feeds),
    expected: written(expected),
    tolerance: isQuantized(model) ? QUANTIZED_TOLERANCE : ortWebWasm.tolerance,
  };
}

async function madeUp(model: Model, signal: AbortSignal): Promise<Record<string, Tensor>> {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    return inventedFeeds(model, { ...(await runnableInputs(model, runtime, { signal })), seed: SEED });
  } finally {
    await runtime.dispose();
  }
}

function requireRoom(what: string, bytes: number, most: number): void {
  if (bytes > most) throw new UnsupportedError({ what, expected: `at most ${most} bytes`, got: String(bytes) });
}

function written(tensors: Readonly<Record<string, Tensor>>): DeviceTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => {
    if (tensor.dtype === 'string') throw new UnsupportedError({ what: 'Texts are not sent to devices', where: `"${name}"` });
    return { name, dtype: tensor.dtype, shape: tensor.shape, data: Buffer.from(tensor.bytes()).toString('base64') };
  });
}
