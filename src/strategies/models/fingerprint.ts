import { asJson, canonicalText, type Json } from '../../automation/index.js';
import { Sha256 } from '../../base/index.js';
import { encodeModel, type Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';

/** Everything that a model made by a recipe depends on besides the recipe and the seed: the original and the task. */
export function fingerprintOf(original: Model, task: Task): string {
  return sha256([digestOf(original), canonicalText(identityOf(task))]);
}

/** Models that a run is about do not change in it. */
const digests = new WeakMap<Model, string>();

/** SHA-256 of a model's file. */
export function digestOf(model: Model): string {
  const known = digests.get(model);
  if (known !== undefined) return known;
  const digest = sha256([encodeModel(model)]);
  digests.set(model, digest);
  return digest;
}

function identityOf(task: Task): Json {
  const { splits, feeds } = task;
  const data = { train: splits.train, calibration: splits.calibration, validation: splits.validation, test: splits.test };
  return asJson(
    {
      data: Object.entries(data).map(([part, { fingerprint }]) => [part, fingerprint]),
      feeds,
      task: task.kind,
      metric: task.metric.name,
      scored: [...task.outputs, ...(task.reference ? [digestOf(task.reference)] : [])],
    },
    'task',
  );
}

/** In hexadecimal digits. */
export function sha256(parts: readonly (Uint8Array | string)[]): string {
  const sha = new Sha256();
  for (const part of parts) sha.update(part);
  return sha.hex();
}
