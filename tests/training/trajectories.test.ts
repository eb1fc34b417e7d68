import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel } from 'espalier/onnx';
import { type EpochRecord, type TrainOptions, train } from 'espalier/training';
import { fixture } from '../support/paths.js';
import { plainTask, scripted, trainingFixture, weightsOf } from './support.js';

interface Trajectories {
  sample: number[];
  batches: { x: number[]; labels: number[] }[];
  cases: Record<string, { options: TrainOptions; losses: number[]; state: Record<string, number[]> }>;
}

const networks = trainingFixture<Record<string, Trajectories>>('trajectories.json');
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Float32 against PyTorch in float64, after six steps. */
const TOLERANCE = 2e-5;
const EPOCHS = 2;

for (const [network, { sample, batches, cases }] of Object.entries(networks)) {
  test(`six steps on the network "${network}" end where PyTorch's do`, async (t) => {
    const model = decodeModel(readFileSync(fixture('training', `${network}.onnx`)));
    for (const [name, { options, losses, state }] of Object.entries(cases)) {
      await t.test(name, async () => {
        // Half of the batches an epoch.
        const dataset = scripted(batches, sample);
        const perEpoch = batches.length / EPOCHS;
        const result = await train({
          model,
          task: plainTask({ train: { ...dataset, size: perEpoch * batches[0].labels.length } }),
          runtime,
          options: { schedule: { kind: 'constant' }, ...options, epochs: EPOCHS, batchSize: batches[0].labels.length },
        });
        const means = Array.from({ length: EPOCHS }, (_, epoch) => mean(losses.slice(epoch * perEpoch, (epoch + 1) * perEpoch)));
        close(
          'losses',
          result.history.map((record: EpochRecord) => record.loss),
          means,
        );
        const found = weightsOf(result.model);
        for (const [key, expected] of Object.entries(state)) close(key, found.get(key)?.numbers() ?? [], expected);
      });
    }
  });
}

function close(what: string, found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length, what);
  const worst = Math.max(...expected.map((value, i) => Math.abs(found[i] - value) / (1 + Math.abs(value))));
  assert.ok(worst <= TOLERANCE, `${what} differ by ${worst}`);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
