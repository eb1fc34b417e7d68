import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { SearchSpace } from 'espalier/automation';
import { OptionError } from 'espalier/base';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { addTechnique, growImproveShrink, recipeLabel, shrinkAndImprove, techniques } from 'espalier/strategies';
import { applyTechnique, type Technique } from 'espalier/technique';
import { z } from 'zod';

const runtime = createNodeRuntime({ threads: 1 });
const digits = await openDataset('digits');
after(async () => {
  await digits.close();
  await runtime.dispose();
});

const original = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.25 });
const { task } = await createTask(original, digits, runtime, { untrained: true });

/** A technique that somebody else wrote: it rounds weights, say, and tunes. */
const rounding: Technique<{ digits: number; epochs: number }> = {
  name: 'rounding',
  title: 'Rounding',
  aliases: ['round-off'],
  summary: 'Rounds every weight.',
  source: 'Nobody 2030',
  effects: ['shrink'],
  order: 'cluster',
  excludes: ['quantize'],
  schema: z.strictObject({ digits: z.int().min(1).default(2).describe('Digits.'), epochs: z.int().default(3).describe('Epochs.') }),
  needs: { data: ({ epochs }) => epochs > 0, gradients: true, training: 0.5 },
  label: (options) => [`${options.digits} digits`],
  space: () => ({ digits: { type: 'integer', low: 1, high: 4 } }),
  usual: () => [{ point: { digits: 3 } }],
  apply: async ({ model }) => ({ model, notes: {} }),
};

const registry = techniques.with(rounding);
const context = { original, task, limits: { maxSize: 60_000 }, registry, epochs: 10 };

test('a technique from outside is in the list and in labels, under its old name, too', () => {
  assert.ok(registry.all().some(({ name }) => name === 'rounding'));
  assert.equal(techniques.find('rounding'), undefined, 'a registry of its own');
  assert.equal(registry.get('round-off'), registry.get('rounding'));
  assert.equal(
    recipeLabel(
      [
        { technique: 'rounding', options: {} },
        { technique: 'round-off', options: { digits: 1 } },
      ],
      registry,
    ),
    '2 digits + 1 digits',
  );
  assert.throws(
    () => registry.with(rounding),
    (error) => error instanceof OptionError && /of this name already/.test(error.message),
  );
});

test('strategies search it, without being told: an order of its own, its options, its usual point, and no quantization behind it', () => {
  for (const strategy of [shrinkAndImprove, growImproveShrink]) {
    const { space, initialPoints, recipe } = strategy.plan(context);
    const { choices } = space.cluster as { choices: readonly unknown[] };
    assert.ok(choices.includes('rounding') && choices.includes('weight-sharing') && choices.includes('none'), strategy.name);
    assert.deepEqual(space['rounding.digits'], { type: 'integer', low: 1, high: 4, when: { cluster: 'rounding' } });
    const point = initialPoints.find(({ cluster }) => cluster === 'rounding');
    assert.equal(point?.['rounding.digits'], 3);
    const steps = recipe(point ?? {});
    const own = steps.find((step) => step.technique === 'rounding');
    assert.equal(own?.options.epochs, strategy === shrinkAndImprove ? 5 : 3);
    assert.ok(!steps.some(({ technique }) => technique.startsWith('quantize')));
    const checked = new SearchSpace(space);
    for (const each of initialPoints) checked.check(each);
  }
});

test('where the model cannot be trained, the techniques say what is left to try', () => {
  const { space, initialPoints, recipe, remarks } = shrinkAndImprove.plan({ ...context, registry: techniques, untrainable: 'a loop' });
  assert.match(remarks.join(), /a loop/);
  assert.ok(!(space.quantize as { choices: readonly unknown[] }).choices.includes('quantize-aware-train'));
  const checked = new SearchSpace(space);
  for (const point of initialPoints) {
    checked.check(point);
    for (const { technique, options } of recipe(point)) {
      const { schema, needs } = techniques.get(technique);
      const gradients = typeof needs.gradients === 'function' ? needs.gradients(schema.parse(options)) : needs.gradients;
      assert.ok(!gradients, technique);
    }
  }
});

test('what it needs is asked for before it is applied', async () => {
  const bare = { model: original, runtime, seed: 1 };
  await assert.rejects(
    applyTechnique(rounding, bare, {}),
    (error) => error instanceof OptionError && /"rounding" needs data/.test(error.message),
  );
  assert.equal((await applyTechnique(rounding, bare, { epochs: 0 })).model, original);
});

test('added to those that there are, it is there for recipes by its name', () => {
  addTechnique(rounding);
  assert.equal(techniques.get('rounding'), rounding);
  assert.equal(recipeLabel([{ technique: 'rounding', options: { digits: 4 } }]), '4 digits');
});

test('recipes of old files replay: mirror is the flip ensemble', () => {
  assert.equal(techniques.get('mirror').name, 'flip-ensemble');
  assert.equal(recipeLabel([{ technique: 'mirror', options: {} }]), 'mirrored');
});
