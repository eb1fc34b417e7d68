import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UnsupportedError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { planMemory } from '#dist/infrastructure/codegen/index.js';
import { wasmModule } from '#dist/infrastructure/targets/wasm/index.js';
import { caseNames, readCase } from '../../../conformance/node-cases.js';
import { shared, skipWithout } from '../../../support/paths.js';
import { compileCase, differenceOf } from '../../codegen/node-cases.js';
import { type CompiledModel, compileWorldModel, worldModels } from '../../codegen/world-models.js';
import { runBytes } from './compared.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const cases = shared('data', 'onnx-node-tests');
const models = shared('models');

/** Cases that do not give what they should, and why. */
const open: Readonly<Record<string, string>> = {
  test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal:
    'the scores that it gives out hold -∞ where ONNX Runtime adds the lowest float: the standard says -∞',
  test_cast_FLOAT_to_BFLOAT16: '16-bit floats are 32-bit ones, which are not rounded',
  test_castlike_FLOAT_to_BFLOAT16: '16-bit floats are 32-bit ones, which are not rounded',
  test_castlike_FLOAT_to_BFLOAT16_expanded: '16-bit floats are 32-bit ones, which are not rounded',
  test_flexattention_fp16_expanded_ver26: 'it says in 16-bit floats what only the newest opset can, and a constant stays in them',
  test_training_dropout: 'it drops at random, as in training',
};

test("every case of ONNX's operators that is compiled agrees", { skip: skipWithout(cases, "ONNX's operator cases") }, async (context) => {
  const wrong: string[] = [];
  let [agree, refused] = [0, 0];
  for (const name of caseNames(cases ?? '')) {
    const compiled = await compileCase(readCase(cases ?? '', name), runtime);
    if (typeof compiled === 'string') refused++;
    else {
      const module = wasmModule(compiled.lowered, planMemory(compiled.lowered.kernels));
      const difference = differenceOf(compiled, runBytes(module, compiled.inputs));
      if (!difference) agree++;
      else if (!open[name]) wrong.push(`${name}: ${difference}`);
    }
  }
  context.diagnostic(`${agree} agree, ${refused} are refused`);
  assert.deepEqual(wrong, []);
  assert.ok(agree >= 650);
});

/** What is different, or why it is refused; undefined where it agrees. */
function outcome({ lowered, inputs, expected }: CompiledModel): string | undefined {
  const module = wasmModule(lowered, planMemory(lowered.kernels));
  return differenceOf({ lowered, expected }, runBytes(module, inputs));
}

test("others' models agree, ten of them at least", { skip: skipWithout(models, "Others' models") }, async (context) => {
  const agree: string[] = [];
  for (const model of worldModels) {
    try {
      const difference = outcome(await compileWorldModel(join(models ?? '', model.file), model, runtime));
      if (difference) context.diagnostic(`${model.file}: ${difference}`);
      else agree.push(model.file);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      context.diagnostic(`${model.file}: ${error.message}`);
    }
  }
  context.diagnostic(`${agree.length} of ${worldModels.length} agree`);
  assert.ok(agree.length >= 10, agree.join());
});
