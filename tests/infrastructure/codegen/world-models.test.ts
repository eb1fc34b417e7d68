import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { UnsupportedError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { buildNative, CHECKED_OPTIMIZED, runNative, withoutCompiler } from '../../support/native.js';
import { shared, skipWithout, testsAll } from '../../support/paths.js';
import { differenceOf } from './node-cases.js';
import { compileWorldModel, worldModels } from './world-models.js';

const folder = shared('models');
const skip = withoutCompiler() || skipWithout(folder, "Others' models");

/** How far outputs may lie from ONNX Runtime's, in parts of the largest, where that is more than 1e-4, and why. */
const tolerances: Readonly<Record<string, number>> = {
  // Run in 64-bit floats, the model gives what compiled code gives within 1e-5 of the largest; ONNX Runtime's sigmoids are up to 4e-4 off.
  'picodet_xs_416_sim.onnx': 5e-4,
};

/** They take longer than the others together. */
const long = ['shufflenet_v2_int8.onnx', 'picodet_xs_416_sim.onnx'];

describe("others' models as C", { skip }, () => {
  for (const model of worldModels) {
    const skipLong = long.includes(model.file) && !testsAll && 'it takes long: ESPALIER_TEST_ALL=1 runs it';
    test(model.file, { skip: skipLong }, async (context) => {
      const runtime = createNodeRuntime({ threads: 1 });
      const work = mkdtempSync(join(tmpdir(), 'espalier-models-'));
      try {
        const compiling = compileWorldModel(join(folder ?? '', model.file), model, runtime);
        if (model.refused) {
          await assert.rejects(compiling, (error) => error instanceof UnsupportedError && model.refused?.test(error.message) === true);
          return;
        }
        const compiled = await compiling;
        const program = await buildNative([compiled.lowered], work, CHECKED_OPTIMIZED);
        assert.deepEqual([...program.rejected.values()], []);
        const got = runNative(program, 0, compiled.lowered, compiled.inputs);
        if (model.units === undefined) assert.equal(differenceOf(compiled, got, tolerances[model.file]), undefined);
        else {
          const [port] = compiled.lowered.outputs;
          const [a, b] = [compiled.expected[0].numbers(), new Tensor(port.dtype, port.shape, got[0]).numbers()];
          const off = a.map((each, at) => Math.abs(each - b[at]) / (model.unit ?? 1));
          const most = off.reduce((x, y) => Math.max(x, y));
          context.diagnostic(`${off.filter((each) => each > 0.5).length} of ${off.length} differ, by ${most.toFixed(2)} units at most`);
          assert.ok(most < model.units + 0.01);
          assert.equal(b.indexOf(Math.max(...b)), a.indexOf(Math.max(...a)));
        }
      } finally {
        await runtime.dispose();
        rmSync(work, { recursive: true, force: true });
      }
    });
  }
});
