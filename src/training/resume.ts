import { OptionError, Sha256 } from '../base/index.js';
import { encodeModel, type Tensor } from '../onnx/index.js';
import type { CompleteOptions } from './options.js';
import type { Checkpoint, TrainRequest } from './request.js';
import type { TrainingStep } from './step.js';

/** What makes two trainings the same: data, how it is fed to the model and to others in the loss, start and options. */
export function describe(
  options: CompleteOptions,
  { task, otherFeeds }: Pick<TrainRequest, 'task' | 'otherFeeds'>,
  step: TrainingStep,
): Record<string, unknown> {
  const { train } = task.splits;
  const facts = { data: train.fingerprint, inputs: task.feeds, otherInputs: otherFeeds, start: startOf(step), ...options };
  return JSON.parse(JSON.stringify(facts)) as Record<string, unknown>;
}

/** A hash of the step graph, which holds the loss with any teacher in it, and of the weights that it starts from. */
function startOf({ model, state }: TrainingStep): string {
  const sha = new Sha256();
  sha.update(encodeModel(model));
  for (const name of Object.keys(state).sort()) sha.update(state[name].bytes());
  return sha.hex();
}

/** @throws OptionError where the checkpoint is of another model, other data or other options. */
export function checkCheckpoint(checkpoint: Checkpoint, step: TrainingStep, request: Record<string, unknown>): void {
  const differing = [...new Set([...Object.keys(request), ...Object.keys(checkpoint.request)])].filter(
    (key) => JSON.stringify(request[key]) !== JSON.stringify(checkpoint.request[key]),
  );
  const shapes = (state: Record<string, Tensor>) =>
    JSON.stringify(
      Object.entries(state)
        .map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)
        .sort(),
    );
  if (differing.length === 0) return;
  // The start differs with whatever else does; it is named where it is all that does.
  const named = differing.filter((key) => key !== 'start');
  if (shapes(checkpoint.state) !== shapes(step.state)) named.push('model');
  throw new OptionError({
    what: 'The checkpoint is of another training',
    expected: `the same ${named.length > 0 ? named.join(', ') : 'starting weights, loss and teacher'}`,
    got: (named.length > 0 ? named : ['start'])
      .map((key) => `${key} ${JSON.stringify(checkpoint.request[key]) ?? 'of its own'}`)
      .join(', '),
    fix: 'Give what it was begun with, or remove the checkpoint to begin anew.',
  });
}
