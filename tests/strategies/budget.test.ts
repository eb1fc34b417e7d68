import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { loadModel } from 'espalier/onnx/node';
import { type OptimizeOptions, optimize, type Plan, type RunInfo, shrinkAndImprove, techniques } from 'espalier/strategies';
import { openWorkspace } from 'espalier/strategies/node';
import { TechniqueRegistry } from 'espalier/technique';
import { train } from 'espalier/training';
import { clusters, plainTask, smallMlp } from '../training/support.js';
import { digitsTask, QUICK_HOST, smallRun, trainStart } from './small-run.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-budget-'));
const LONG = 3_600_000;
let start: string;
let plans: { plan: Plan; limits: string }[];

before(async () => {
  start = await trainStart(folder);
  const runtime = createNodeRuntime({ threads: 1 });
  const { task, close } = await digitsTask(runtime);
  const context = { original: loadModel(start), task, registry: techniques, epochs: 10 };
  plans = [{}, { maxSize: 80_000 }].flatMap((limits) =>
    [undefined, 'it has a loop'].map((untrainable) => ({
      limits: JSON.stringify([limits, untrainable]),
      plan: shrinkAndImprove.plan({ ...context, limits, untrainable }),
    })),
  );
  await runtime.dispose();
  await close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

const namesOf = (plan: Plan) => plan.initialPoints.map((point) => plan.recipe(point).map(({ technique }) => technique));

test('first points: each shows a technique that none before it did until all were seen, and no two make the same recipe', () => {
  for (const { plan, limits } of plans) {
    const names = namesOf(plan);
    const all = new Set(names.flat());
    const seen = new Set<string>();
    for (const [i, techniquesOfPoint] of names.entries()) {
      const isNew = techniquesOfPoint.some((name) => !seen.has(name));
      assert.ok(isNew || seen.size === all.size, `${limits}: point ${i}, ${techniquesOfPoint.join('+')}`);
      for (const name of techniquesOfPoint) seen.add(name);
    }
    const recipes = plan.initialPoints.map((point) => JSON.stringify(plan.recipe(point)));
    assert.equal(new Set(recipes).size, recipes.length, limits);
    assert.deepEqual(names[0], ['quantize'], 'the cheapest first');
  }
});

const messagesIn = (run: string) =>
  readFileSync(join(folder, run, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; state?: string; text?: string; secondsEach?: number });

test('a budget: how many trials fit is said at the start, and a recipe that would not end in it is not begun', async () => {
  // By its own account, weight sharing would take years.
  const endless = techniques
    .all()
    .map((technique) =>
      technique.name === 'weight-sharing' ? { ...technique, needs: { ...technique.needs, answers: () => 1e15 } } : technique,
    );
  const registry = new TechniqueRegistry(endless);
  const run = (given: Partial<Parameters<typeof smallRun>[0]>) =>
    smallRun({ folder: join(folder, 'endless'), strategy: 'shrink-and-improve', trials: 3, epochs: 1, jobs: 1, registry, ...given }, start);
  const tried = ({ models }: RunInfo) => new Set(models.flatMap(({ recipe }) => recipe.map(({ technique }) => technique)));
  const info = await run({ budgetMs: LONG });
  assert.equal(info.complete, true);
  assert.deepEqual([...tried(info)].sort(), ['prune', 'quantize', 'quantize-aware-train']);
  const events = messagesIn('endless');
  assert.ok(events.some(({ kind, text }) => kind === 'message' && /^All 3 trials are likely to fit in 1 h\.$/.test(text ?? '')));
  const searching = events.find(({ kind, state }) => kind === 'state' && state === 'searching');
  assert.ok((searching?.secondsEach ?? 0) > 0, 'what a trial is foreseen to take');
  const rest = await run({ trials: 4 });
  assert.ok(tried(rest).has('weight-sharing'), 'a run that goes on without a budget tries it');
});

test('an architecture by name, and a budget in which not even one recipe ends: that is said, and the epochs of full trainings are cut to a quarter and kept', async () => {
  const run = (given: Partial<Parameters<typeof smallRun>[0]>) =>
    smallRun({ folder: join(folder, 'none'), strategy: 'grow-improve-shrink', trials: 1, epochs: 'usual', jobs: 1, ...given }, start);
  const none = await run({ budgetMs: 1 });
  assert.equal(none.trials.finished, 0);
  assert.ok(messagesIn('none').some(({ text }) => /^Not even one trial is likely to fit in 0 s/.test(text ?? '')));
  assert.deepEqual(none.baseline.recipe.at(-1)?.options.epochs, 10, 'of 40');
  const rest = await run({});
  assert.equal(rest.trials.finished, 1);
  assert.deepEqual(rest.baseline.recipe, none.baseline.recipe);
});

test('where a quarter of the epochs is too long, too, trainings take fewer samples, of every class its share, and so does the run that goes on', async (t) => {
  const runtime = createNodeRuntime({ threads: 1 });
  t.after(() => runtime.dispose());
  const [few, many] = [200, 3000].map((size, seed) => clusters({ size, spread: 2, seed }));
  const task = plainTask({ train: many, validation: few, calibration: few, test: few });
  const training = { epochs: 2, batchSize: 50, learningRate: 0.01, evaluateEvery: 0 };
  const { model: original } = await train({ model: smallMlp(), task, runtime, options: training });
  const run = async (options: OptimizeOptions) => {
    const workspace = await openWorkspace(join(folder, 'samples'));
    const common = { name: 'samples', original, task, strategy: shrinkAndImprove, registry: techniques, runtime, workspace };
    const info = await optimize({ ...common, host: QUICK_HOST, options: { serving: [], ...options } });
    await workspace.close();
    return info;
  };
  const none = await run({ budgetMs: 1 });
  const rest = await run({ trials: 2 });
  assert.equal(none.trials.finished, 0);
  assert.equal(rest.trials.finished, 2);
  for (const { task: told, remarks, options } of [none, rest]) {
    assert.equal(told.samples.train, 1000);
    assert.ok(remarks.includes('To end within the budget, trainings took 1000 of 3000 samples.'));
    assert.equal(options.epochs, 10);
  }
  assert.equal((await run({ trials: 1, epochs: 10 })).task.samples.train, 1000, 'a run keeps them');
});
