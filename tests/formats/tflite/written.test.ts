import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { decodeTflite, encodeTflite } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { fixture } from '../../support/paths.js';
import { answersOf, apart, type Stored, tensorOf, unitsOf } from './cases.js';
import { writtenCases } from './written-cases.js';

interface Written {
  sha256: string;
  outputs: Stored[];
}

const written = JSON.parse(readFileSync(fixture('tflite', 'written.json'), 'utf8')) as Record<string, Written>;
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

for (const { name, model, inputs } of writtenCases) {
  test(`${name}: the interpreter gives for the written file what the graph gives`, async () => {
    const bytes = encodeTflite(model);
    const { sha256, outputs } = written[name];
    // Else the interpreter ran another file: run tests/fixtures/tflite/written.py again.
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    const units = unitsOf(model);
    for (const each of [model, decodeTflite(bytes)]) {
      const answers = await answersOf(runtime, each, inputs);
      outputs.forEach((output, i) => {
        const unit = units[i] ?? (output.dtype === 'float32' ? undefined : 1);
        const { most } = apart(answers[i], tensorOf(output), unit);
        assert.ok(most <= (unit === undefined ? 1e-5 : 1 + 1e-4), `output ${i} is ${most} away${each === model ? '' : ', read back'}`);
      });
    }
  });
}
