import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest, OptionError } from 'espalier/base';
import { quantizeAwareTrain } from 'espalier/compression/quantization';
import { pipeline } from 'espalier/data';
import { distill } from 'espalier/learning/distillation';
import { trainTechnique } from 'espalier/learning/tuning';
import { checkOptions, optionsOf } from 'espalier/technique';
import { LOSSES, OPTIMIZERS, type OptimizerSpec, usualRate } from 'espalier/training';
import { crossEntropy, DISTILLATION, distillation } from '#dist/training/losses/index.js';
import { optimizerOf } from '#dist/training/optimizers/index.js';
import { completeOptions } from '#dist/training/options.js';
import { checkSchedule } from '#dist/training/schedules.js';
import { smallMlp } from './support.js';

test('an optimizer has the constants that it has: others are refused by their names, and values that are not good', () => {
  const refused = (spec: object, says: RegExp) =>
    assert.throws(
      () => optimizerOf(spec as OptimizerSpec),
      (error) => error instanceof OptionError && says.test(error.message),
      JSON.stringify(spec),
    );
  refused({ kind: 'adam', bata1: 0.9 }, /"bata1".*beta1, beta2, epsilon/s);
  refused({ kind: 'sgd', beta1: 0.9 }, /"beta1".*momentum, nesterov/s);
  refused({ kind: 'adam', beta1: 1 }, /"beta1".*\[0, 1\).*1/s);
  refused({ kind: 'lamb', epsilon: 0 }, /"epsilon".*positive/s);
  refused({ kind: 'sgd', nesterov: 'yes' }, /"nesterov".*true or false/s);
  refused({ kind: 'rmsprop' }, /"kind".*sgd, adam/s);
});

test('learning rates where none is given have one source: the update rule, for the loop as for techniques', () => {
  const model = smallMlp();
  const task = { splits: { train: { size: 512, name: 'x' }, validation: { size: 0 } }, losses: ['mse'], feeds: [] } as never;
  const described = optionsOf(trainTechnique).find(({ name }) => name === 'learningRate')?.description ?? '';
  for (const kind of OPTIMIZERS) {
    assert.equal(completeOptions({ optimizer: { kind } }, model, task).learningRate, usualRate(kind), kind);
    assert.ok(described.includes(`${usualRate(kind)} for ${kind}`), `${kind}: ${described}`);
  }
  assert.equal(usualRate('adam'), 0.003);
});

test('recipes: augmentations with options that there are not, and losses that there are not, are refused before anything is trained', () => {
  for (const technique of [trainTechnique, distill, quantizeAwareTrain])
    assert.throws(
      () => checkOptions<Record<string, unknown>>(technique as never, { augment: [{ name: 'crop', pixles: 99 }] }),
      (error) => error instanceof OptionError && /option "pixles"/.test(error.message) && /option "augment\.0"/.test(error.message),
    );
  assert.throws(() => checkOptions(trainTechnique, { loss: 'hubert' }), /huber/);
  for (const loss of LOSSES) assert.equal(checkOptions(trainTechnique, { loss }).loss, loss);
  assert.deepEqual(
    checkOptions(trainTechnique, { augment: [{ name: 'crop', pixels: 3 }] }).augment,
    [{ name: 'crop', pixels: 3 }],
    'as it was given',
  );
});

test('whatever is misspelt, the closest name is said: optimizers, schedules, losses, augmentations, options of training', () => {
  const says = (work: () => unknown, meant: string) =>
    assert.throws(work, (error) => error instanceof OptionError && error.message.includes(`Perhaps "${meant}" is meant.`), meant);
  says(() => optimizerOf({ kind: 'adma' } as never), 'adam');
  says(() => optimizerOf({ kind: 'sgd', momentun: 0.5 } as never), 'momentum');
  says(() => checkSchedule({ kind: 'cosin' } as never), 'cosine');
  says(() => checkSchedule({ kind: 'one-cycle', raise: 0.2 } as never), 'rise');
  says(() => distillation('y', smallMlp(), { temprature: 2 } as never), 'temperature');
  says(() => crossEntropy('y', { classweights: [1] } as never), 'classWeights');
  says(() => pipeline([{ name: 'corp' } as never]), 'crop');
  says(() => pipeline([{ name: 'crop', pixles: 99 } as never]), 'pixels');
  const task = { splits: { train: { size: 512, name: 'x' }, validation: { size: 0 } }, losses: ['mse', 'huber'], feeds: [] } as never;
  says(() => completeOptions({ learningrate: 0.1 } as never, smallMlp(), task), 'learningRate');
  says(() => completeOptions({ loss: 'hubert' as never }, smallMlp(), task), 'huber');
  // A constant of another optimizer does not compile.
  // @ts-expect-error
  const mixed: OptimizerSpec = { kind: 'adam', momentum: 0.9 };
  assert.throws(() => optimizerOf(mixed), OptionError);
});

test('what distillation takes where nothing is said is the same in the loss and in the technique', () => {
  const { temperature, weight } = checkOptions(distill, {}) as { temperature: number; weight: number };
  assert.deepEqual({ temperature, weight }, DISTILLATION);
});

test('closest: few changed letters, or none', () => {
  assert.equal(closest('pixles', ['padding', 'pixels']), 'pixels');
  assert.equal(closest('colour', ['crop', 'mirror']), undefined);
  assert.equal(closest('adam', ['sgd', 'adamw', 'adam']), 'adam');
});
