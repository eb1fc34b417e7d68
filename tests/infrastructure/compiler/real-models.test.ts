import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { minifyModel } from 'espalier/compression/packaging';
import { cancelMoves, foldConstants, foldNormalization, simplify, trimUnread } from 'espalier/infrastructure/compiler';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { constantsToInitializers, copyModel, type Model, mergeCommonSubexpressions, removeDeadCode, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { inferShapes, upgradeOpset } from 'espalier/ops';
import { shared, skipWithout } from '../../support/paths.js';
import { assertSame, assertWhole, countNodes, outputsOf } from './same-outputs.js';

const folder = shared('models');
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Input shapes of models that fit only some sizes; every other symbolic dimension is 1. */
const inputShapes: Readonly<Record<string, Record<string, readonly number[]>>> = {
  'silero_vad_v6.onnx': { input: [1, 576], state: [2, 1, 128] },
  'g2p_arpabet_transducer.onnx': { src: [1, 3], tgt: [1, 2], t: [1] },
};

/** Inputs whose contents matter. */
const contents: Readonly<Record<string, Record<string, Tensor>>> = {
  'silero_vad_v6.onnx': { sr: Tensor.of('int64', [], BigInt64Array.of(16000n)) },
};

/** Models whose outputs the runtime cannot hand out. */
const unreadable: Readonly<Record<string, string>> = {
  'sklearn_scaler_lightgbm.onnx': 'its output is a sequence of maps',
};

/** Passes that keep every weight and operator keep every bit. */
const EXACT = 0;
/**
 * ONNX Runtime packs weights that are constant and multiplies them in another order, and folding a normalization rounds weights anew. Relative to
 * the largest magnitude of an output.
 */
const ROUNDED = 2e-5;

const passes: Readonly<Record<string, { run: (model: Model) => Promise<unknown> | unknown; tolerance: number }>> = {
  constantsToInitializers: { run: ({ graph }) => constantsToInitializers(graph), tolerance: ROUNDED },
  foldConstants: { run: (model) => foldConstants(model, runtime), tolerance: ROUNDED },
  cancelMoves: { run: ({ graph }) => cancelMoves(graph), tolerance: EXACT },
  foldNormalization: { run: ({ graph }) => foldNormalization(graph), tolerance: ROUNDED },
  trimUnread: { run: ({ graph }) => trimUnread(graph), tolerance: ROUNDED },
  mergeCommonSubexpressions: { run: ({ graph }) => mergeCommonSubexpressions(graph), tolerance: EXACT },
  removeDeadCode: { run: ({ graph }) => removeDeadCode(graph), tolerance: EXACT },
};

/** Whole copies, and what the copy may differ by. */
const rewrites: Readonly<Record<string, { run: (model: Model) => Promise<Model> | Model; tolerance: number }>> = {
  simplify: { run: (model) => simplify(model, runtime), tolerance: ROUNDED },
  minifyModel: { run: (model) => minifyModel(model), tolerance: EXACT },
  'upgradeOpset to 21': { run: (model) => upgradeOpset(model, 21), tolerance: ROUNDED },
};

describe('passes keep the outputs of real models', { skip: skipWithout(folder, 'A collection of real models') }, () => {
  for (const file of folder ? readdirSync(folder).filter((name) => name.endsWith('.onnx')) : []) {
    test(file, { skip: unreadable[file] ?? false }, async (context) => {
      const source = loadModel(join(folder as string, file));
      inferShapes(source);
      const shapes = source.graph.feeds.flatMap(({ name, shape }) =>
        shape ? [[name, inputShapes[file]?.[name] ?? shape.map((dim) => (typeof dim === 'number' ? dim : 1))] as const] : [],
      );
      const feeds = { ...makeFeeds(source, { inputShapes: Object.fromEntries(shapes) }), ...contents[file] };
      const expected = await outputsOf(runtime, source, feeds);
      const before = countNodes(source.graph);
      const told: string[] = [];
      const check = async (name: string, model: Model, tolerance: number) => {
        assertWhole(model);
        const difference = assertSame(await outputsOf(runtime, model, feeds), expected, tolerance);
        told.push(`${name} ${countNodes(model.graph)}${difference > 0 ? ` (±${difference.toExponential(0)})` : ''}`);
      };
      for (const [name, { run, tolerance }] of Object.entries(passes)) {
        const model = copyModel(source);
        await run(model);
        await check(name, model, tolerance);
      }
      for (const [name, { run, tolerance }] of Object.entries(rewrites)) await check(name, await run(source), tolerance);
      assert.equal(countNodes(source.graph), before, 'the original stays');
      context.diagnostic(`${before} nodes: ${told.join(', ')}`);
    });
  }
});
