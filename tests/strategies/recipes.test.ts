import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { memoryStorage } from 'espalier/automation';
import { OptionError } from 'espalier/base';
import { decodeModel, encodeModel, type Model } from 'espalier/onnx';
import { RecipeRunner, stageId, type Workspace } from 'espalier/strategies';
import { type Recipe, type Technique, TechniqueRegistry } from 'espalier/technique';
import { z } from 'zod';

const original = surveyCnn.build({ input: [1, 8, 8], classes: 2, width: 0.05 });

/** A workspace in memory; files can be taken away. */
function memoryWorkspace(): Workspace & { files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    name: 'memory',
    files,
    storage: memoryStorage(),
    load: async (id) => {
      const bytes = files.get(id);
      return bytes && decodeModel(bytes);
    },
    save: async (id, model) => {
      files.set(id, encodeModel(model));
      return { bytes: encodeModel(model).length, file: `models/${id}.onnx` };
    },
    fileOf: (id) => `models/${id}.onnx`,
    checkpoints: () => ({ load: async () => undefined, save: async () => undefined }),
    forget: async () => undefined,
    write: async () => undefined,
  };
}

/** Techniques that do nothing but count how often they are applied. */
function counting() {
  const applied: string[] = [];
  const technique = (name: string, isTransient = false): Technique => ({
    name,
    effects: ['improve'],
    order: 'train',
    summary: '',
    source: '',
    isTransient,
    needs: {},
    label: () => [name],
    schema: z.strictObject({ n: z.number().default(0) }),
    space: () => ({}),
    apply: async ({ model, seed }, { n }) => {
      applied.push(`${name} ${n}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { model, notes: { facts: { seed } } };
    },
  });
  return { applied, registry: new TechniqueRegistry([technique('a'), technique('b'), technique('draft', true)]) };
}

function request(recipe: Recipe, workspace: Workspace, registry: TechniqueRegistry, model: Model = original) {
  return { recipe, original: model, task: {} as never, runtime: {} as never, registry, workspace, seed: 1, fingerprint: 'data' };
}

const a = (n: number) => ({ technique: 'a', options: { n } });
const b = (n: number) => ({ technique: 'b', options: { n } });

test('the id of a stage: the same for the same recipe, seed and data, whatever the order of options; another otherwise', () => {
  const id = stageId([a(1)], 0, 'data');
  assert.match(id, /^a-[0-9a-f]{12}$/);
  assert.equal(stageId([{ technique: 'a', options: { n: 1 } }], 0, 'data'), id);
  assert.equal(
    stageId([{ technique: 'a', options: { x: 1, n: 1 } }], 0, 'data'),
    stageId([{ technique: 'a', options: { n: 1, x: 1 } }], 0, 'data'),
  );
  const others = [stageId([a(2)], 0, 'data'), stageId([a(1)], 1, 'data'), stageId([a(1)], 0, 'other'), stageId([a(1), b(1)], 0, 'data')];
  assert.equal(new Set([id, ...others]).size, 5);
});

test('recipes that begin alike share what they have in common, also side by side', async () => {
  const { applied, registry } = counting();
  const workspace = memoryWorkspace();
  const runner = new RecipeRunner();
  const recipes = [[a(1), b(1)], [a(1), b(2)], [a(1)], [a(1), b(1), a(3)]];
  const runs = await Promise.all(recipes.map((recipe) => runner.run(request(recipe, workspace, registry))));
  assert.deepEqual([...applied].sort(), ['a 1', 'a 3', 'b 1', 'b 2']);
  assert.deepEqual(
    runs.map((stages) => stages.length),
    [2, 2, 1, 3],
  );
  assert.equal(runs[0][0].id, runs[3][0].id);
});

test('what is on disk is not made again by another run; what lost its file is', async () => {
  const { applied, registry } = counting();
  const workspace = memoryWorkspace();
  const [first, second] = await new RecipeRunner().run(request([a(1), b(1)], workspace, registry));
  applied.length = 0;
  const again = await new RecipeRunner().run(request([a(1), b(1)], workspace, registry));
  assert.deepEqual(applied, []);
  assert.deepEqual(
    again.map(({ id, bytes, notes }) => ({ id, bytes, notes })),
    [first, second].map(({ id, bytes, notes }) => ({ id, bytes, notes })),
  );
  workspace.files.delete(second.id);
  await new RecipeRunner().run(request([a(1), b(1)], workspace, registry));
  assert.deepEqual(applied, ['b 1']);
});

test('transient stages are made again rather than kept', async () => {
  const { applied, registry } = counting();
  const workspace = memoryWorkspace();
  const recipe = [{ technique: 'draft', options: {} }, a(1)];
  const [draft, kept] = await new RecipeRunner().run(request(recipe, workspace, registry));
  assert.equal(draft.file, undefined);
  assert.deepEqual([...workspace.files.keys()], [kept.id]);
  await new RecipeRunner().run(request(recipe, workspace, registry));
  assert.deepEqual(applied, ['draft 0', 'a 1', 'draft 0']);
});

test('a step that fails leaves the ones before it done', async () => {
  const { applied, registry } = counting();
  const workspace = memoryWorkspace();
  const wrong = { technique: 'b', options: { unknown: true } };
  await assert.rejects(new RecipeRunner().run(request([a(1), wrong], workspace, registry)), OptionError);
  await assert.rejects(new RecipeRunner().run(request([a(1), { technique: 'c', options: {} }], workspace, registry)), OptionError);
  assert.deepEqual(applied, ['a 1']);
});

/** A technique of so many epochs, which goes on from where an earlier application of it was ended. */
function training(epochs: readonly number[]) {
  const done: number[] = [];
  const technique: Technique = {
    ...{ name: 'trains', effects: ['improve'], order: 'train', summary: '', source: '', needs: {}, label: () => [] },
    schema: z.strictObject({}),
    space: () => ({}),
    apply: async ({ model, onQuality }) => {
      for (const [i, quality] of epochs.entries()) {
        if (i >= done.length) done.push(quality);
        await onQuality?.(quality);
      }
      return { model, notes: {} };
    },
  };
  return { done, registry: new TechniqueRegistry([technique]) };
}

test('epochs of a stage: told to all that want it, kept with it, and ended once nobody does', async () => {
  const { done, registry } = training([0.1, Number.NaN, 0.3, 0.4]);
  const workspace = memoryWorkspace();
  const runner = new RecipeRunner();
  const enough = new Error('enough');
  /** Watches until so many epochs were told. */
  const watched = (most: number) => {
    const told: number[] = [];
    const watch = async (stage: number, quality: number) => {
      assert.equal(stage, 1);
      told.push(quality);
      await new Promise((resolve) => setImmediate(resolve));
      if (told.length === most) throw enough;
    };
    const recipe = [{ technique: 'trains', options: {} }];
    return { told, ended: runner.run({ ...request(recipe, workspace, registry), isWatched: true, watch }) };
  };
  const [one, two] = [watched(1), watched(2)];
  await Promise.all([one, two].map(({ ended }) => assert.rejects(ended, enough)));
  assert.deepEqual([one.told, two.told], [[0.1], [0.1, Number.NaN]]);
  assert.deepEqual(done, [0.1, Number.NaN]);
  // Another goes on, whether the first two are quite gone or not, and one that joins is told of all.
  const [three, four] = [watched(3), watched(9)];
  await assert.rejects(three.ended, enough);
  const [made] = await four.ended;
  assert.deepEqual([three.told, four.told], [done.slice(0, 3), done]);
  assert.equal(done.length, 4);
  const [kept, late] = [watched(9), watched(2)];
  await assert.rejects(late.ended, enough);
  assert.equal((await kept.ended)[0].id, made.id);
  assert.deepEqual(kept.told, done);
  const [record] = workspace.storage.records().filter(({ kind }) => kind === 'stage');
  assert.deepEqual((record.data as { epochs: unknown }).epochs, [0.1, null, 0.3, 0.4]);
});
