import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { languages } from 'espalier/targets';
import { parseScheduleTable, ScheduleTable } from 'espalier/tuning';
import { tune } from 'espalier/tuning/node';
import { lowerGraph, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { compiledRunners } from '#dist/infrastructure/targets/node/index.js';
import { withoutCompiler } from '../../support/native.js';
import { convolutionModel } from '../models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const feeds = {
  x: Tensor.from(
    'float32',
    [1, 3, 8, 8],
    Float64Array.from({ length: 192 }, (_, at) => Math.sin(at)),
  ),
};

for (const target of ['c', 'wasm'] as const) {
  describe(`tuning for ${target}`, { skip: target === 'c' && withoutCompiler('cc') }, () => {
    test('a search ends with a table: what it says is searched to the end is not measured again, and from the rest the next one goes on', async () => {
      const model = await prepare(convolutionModel(), { runtime });
      const events: { done: number; total?: number }[] = [];
      const request = { model, target, feeds, budget: 1, onProgress: (event: (typeof events)[number]) => events.push(event) };
      const first = await tune({ ...request, table: new ScheduleTable() });
      assert.ok(first.tried > 0 && first.shapes.measured === first.shapes.all && first.shapes.all === 3, JSON.stringify(first.shapes));
      assert.ok(events.length > 0 && events.every(({ done, total }, at) => done <= (total ?? 0) && done >= (events[at - 1]?.done ?? 0)));
      assert.equal(first.complete, false);
      const written = JSON.stringify(first.table);
      const further = await tune({ ...request, table: parseScheduleTable(JSON.parse(written), 'table') });
      assert.ok(further.tried > 0 && further.shapes.measured === 3, JSON.stringify(further.shapes));
      const table = parseScheduleTable(JSON.parse(written.replaceAll(',"unfinished":true', '')), 'table');
      events.length = 0;
      const second = await tune({ ...request, table });
      assert.deepEqual([second.shapes.measured, second.tried, second.gain, events.length], [0, 0, undefined, 0]);
      assert.equal(second.table, table);
      assert.deepEqual([...second.tilings], [...first.tilings]);
      assert.equal(second.shapes.faster, first.shapes.faster);
    });

    test('a kernel that is timed is the kernel that runs: times of all are there, and add up to something', async () => {
      const lowered = lowerGraph(await prepare(convolutionModel(), { runtime }), languages[target].schedule);
      const probed = await compiledRunners[target].probe({ lowered, plan: planMemory(lowered.kernels) });
      assert.ok(!('absent' in probed));
      try {
        const times = await probed.times(feeds, 5);
        assert.deepEqual(
          times.map(({ length }) => length),
          new Array(5).fill(lowered.kernels.length),
        );
        assert.ok(times.every((run) => run.every((each) => each >= 0) && run.some((each) => each > 0)));
      } finally {
        await probed.dispose();
      }
    });
  });
}

test('a search that is stopped ends with that', async () => {
  const model = await prepare(convolutionModel(), { runtime });
  const stop = new AbortController();
  const onProgress = () => stop.abort();
  const request = { model, target: 'wasm', feeds, budget: 60_000, table: new ScheduleTable(), onProgress, signal: stop.signal } as const;
  await assert.rejects(tune(request), { name: 'Stopped' });
});
