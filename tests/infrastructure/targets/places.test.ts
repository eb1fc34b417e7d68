import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { shared, skipWithout } from '../../support/paths.js';
import { places } from '../../support/places/places.js';
import { differenceOf } from '../codegen/node-cases.js';
import { compileWorldModel, worldModels } from '../codegen/world-models.js';

const models = shared('models');
const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-places-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Those that take seconds; bench/places.mjs runs all. */
const quick = ['mnist8_cntk.onnx', 'olive_mnist_dynquant.onnx', 'silero_vad_v6.onnx', 'g2p_arpabet_transducer.onnx'];

// Natively all of them are run by codegen/world-models.test.ts.
for (const place of places.filter(({ name }) => !name.startsWith('native')))
  test(`others' models agree: ${place.name}`, { skip: place.missing || skipWithout(models, "Others' models") }, async () => {
    for (const model of worldModels.filter(({ file }) => quick.includes(file))) {
      const compiled = await compileWorldModel(join(models ?? '', model.file), model, runtime, place.schedule);
      assert.equal(place.tooLarge(compiled.lowered), undefined);
      const outputs = await place.run(compiled.lowered, compiled.inputs, join(folder, model.file, place.name.replace(/\W+/g, '-')));
      assert.equal(differenceOf(compiled, outputs), undefined, model.file);
    }
  });
