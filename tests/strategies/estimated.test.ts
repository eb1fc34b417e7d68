import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateOn, footprint, type HardwareModel, hardwareNamed } from 'espalier/infrastructure/hardware';
import { Tensor, tensorType } from 'espalier/onnx';
import { estimatingHost } from '#dist/strategies/models/estimated.js';
import { card } from '#dist/strategies/write/cards.js';
import { convolutionModel } from '../infrastructure/models.js';

const image = Tensor.of('float32', [2, 3, 8, 8], new Float32Array(384));

test('latency for hardware that is not at hand is its estimate, beside the baseline’s, and says so; the rest of the host is as before', async () => {
  const hardware = hardwareNamed('stm32f4');
  const never = () => assert.fail('nothing is measured');
  const machine = () => ({ node: 'v', platform: 'p', processor: 'x', cores: 1 });
  const host = estimatingHost({ latency: never, serving: never, downloadBytes: async () => 7, check: never, machine }, hardware);
  const model = convolutionModel();
  const { p50, p95, batch, throughput, ratioToBaseline, estimatedFor } = await host.latency(
    model,
    convolutionModel(),
    { x: image },
    { id: 'any' },
  );
  assert.equal(p50, estimateOn(footprint(model, { batch: 2 }), hardware).milliseconds);
  assert.deepEqual([p95, batch, ratioToBaseline, estimatedFor], [p50, 2, 1, hardware.title]);
  assert.ok(Math.abs((throughput * p50) / 2000 - 1) < 1e-9);
  assert.equal(await host.downloadBytes('file'), 7);

  const [one, three] = await host.serving('file', model, { x: image }, [1, 3]);
  assert.deepEqual([one.concurrent, one.p50, one.throughput, one.estimatedFor], [1, p50, throughput, hardware.title]);
  const batchOfSix = estimateOn(footprint(model, { batch: 6 }), hardware);
  assert.deepEqual([three.concurrent, three.p50, three.memory], [3, batchOfSix.milliseconds, batchOfSix.memory?.needed]);
  assert.ok(Math.abs((6000 * (three.joules ?? 0)) / (batchOfSix.millijoules ?? 0) - 1) < 1e-9);
  assert.ok(Math.abs((three.throughput * three.p50) / 6000 - 1) < 1e-9);
});

test('requests are no batch where a model’s batch is fixed, or memory does not hold it', async () => {
  const never = () => assert.fail('nothing is measured');
  const host = { latency: never, serving: never, downloadBytes: never, check: never, machine: never };
  const counts = async (batch: number | undefined, hardware: HardwareModel) => {
    const model = convolutionModel();
    if (batch !== undefined) {
      const [input] = model.graph.feeds;
      input.type = tensorType('float32', [batch, ...(input.shape ?? []).slice(1)]);
    }
    return (await estimatingHost(host, hardware).serving('file', model, { x: image }, [1, 2, 1000])).map(({ concurrent }) => concurrent);
  };
  assert.deepEqual(await counts(2, hardwareNamed('t4')), [1]);
  assert.deepEqual(await counts(undefined, hardwareNamed('t4')), [1, 2, 1000]);
  assert.deepEqual(await counts(undefined, hardwareNamed('stm32f4')), [1, 2]);
});

test('a card that warns of a slower model says that an estimate has it so', () => {
  type Model = Parameters<typeof card>[0];
  const latency = { p50: 2, p95: 2, p99: 2, batch: 1, threads: 1, backend: 't4', throughput: 500 };
  const model = (ratio: number) =>
    ({
      ...{ id: 'a', label: 'a', file: 'a.onnx', recipe: [], seed: 0, notes: {}, onFront: true, breaks: [] },
      validation: { metric: 'accuracy', value: 0.9, samples: 10, details: {} },
      footprint: { bytes: 1, parameters: 1, weightBytes: 1, latency: { ...latency, ratioToBaseline: ratio, estimatedFor: 'NVIDIA T4' } },
    }) as unknown as Model;
  const run = { baseline: model(1), task: { name: 'd', samples: {} }, limits: {} } as unknown as Parameters<typeof card>[1];
  const { warnings } = card(model(1.5), run) as { warnings: string[] };
  assert.deepEqual(warnings, ['Slower than the original by an estimate for NVIDIA T4: 1.50 times its latency.']);
});
