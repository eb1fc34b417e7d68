import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { caseNames, readCase } from '../../conformance/node-cases.js';
import { buildNative, runNative, withoutCompiler } from '../../support/native.js';
import { fixture, shared, skipWithout, testsAll } from '../../support/paths.js';
import { isInFamilies } from './families.js';
import { type CompiledCase, compileCase, differenceOf } from './node-cases.js';

const all = shared('data', 'onnx-node-tests');
const compiler = withoutCompiler();

/** Cases of the families that do not give what they should, and why. */
const open: Readonly<Record<string, string>> = {
  test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal:
    'the scores that it gives out hold -∞ where ONNX Runtime adds the lowest float: the standard says -∞',
  test_training_dropout: 'it drops at random, as in training',
};

/** Compiles cases as C with sanitizers and runs them. @param among those that are looked at. @returns what is wrong, by name. */
async function wrong(folder: string, context: TestContext, among = caseNames(folder)): Promise<Map<string, string>> {
  const runtime = createNodeRuntime({ threads: 1 });
  const work = mkdtempSync(join(tmpdir(), 'espalier-cases-'));
  const found = new Map<string, string>();
  try {
    const ready: CompiledCase[] = [];
    let count = 0;
    for (const name of among) {
      const given = readCase(folder, name);
      if (!isInFamilies(given)) continue;
      count++;
      const compiled = await compileCase(given, runtime);
      if (typeof compiled === 'string') found.set(name, compiled);
      else ready.push(compiled);
    }
    const program = await buildNative(
      ready.map(({ lowered }) => lowered),
      work,
    );
    for (const [index, each] of ready.entries()) {
      const rejected = program.rejected.get(index);
      const difference = rejected ?? resultOf(() => differenceOf(each, runNative(program, index, each.lowered, each.inputs)));
      if (difference) found.set(each.name, difference);
    }
    const constants = (kind: CompiledCase['constants']) => ready.filter((each) => each.constants === kind).length;
    context.diagnostic(
      `${count - found.size} of ${count} cases agree; ${constants('shapes')} with small inputs as constants, ${constants('all')} with all`,
    );
    for (const [name, what] of found) context.diagnostic(`${name}: ${what}`);
    assert.ok(count > 0);
    assert.ok((count - found.size) / count >= 0.95);
    return found;
  } finally {
    await runtime.dispose();
    rmSync(work, { recursive: true, force: true });
  }
}

function resultOf(compute: () => string | undefined): string | undefined {
  try {
    return compute();
  } catch (error) {
    return (error as Error).message;
  }
}

describe("ONNX's operator cases as C", { skip: compiler }, () => {
  test('a case of each operator', async (context) => {
    assert.deepEqual([...(await wrong(fixture('codegen', 'node-cases'), context))], []);
  });

  // As WebAssembly all of them are tested; with sanitizers that takes minutes.
  const step = testsAll ? 1 : 3;
  test(`cases of the families, one in ${step}`, { skip: skipWithout(all, "ONNX's operator cases") }, async (context) => {
    const names = caseNames(all ?? '').filter((_, index) => index % step === 0);
    const known = names.filter((name) => Object.hasOwn(open, name));
    assert.deepEqual([...(await wrong(all ?? '', context, names)).keys()].sort(), known.sort());
  });
});
