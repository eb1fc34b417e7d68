import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from 'espalier/base';
import { card, parseCard, parseRecipe } from 'espalier/strategies';
import { digitsRun } from '../fixtures/report/samples.js';

const run = digitsRun();
const written = () => JSON.parse(JSON.stringify(card(run.models[0], run)));

test('a card that was written is read as it was', () => {
  assert.deepEqual(parseCard(written(), 'card.json'), written());
  assert.deepEqual(
    parseRecipe(written(), 'card.json').map(({ technique }) => technique),
    run.models[0].recipe.map(({ technique }) => technique),
  );
});

test('a card that is damaged, or of another kind, is refused by the name of what is wrong', () => {
  for (const [change, says] of [
    [(each: Record<string, unknown>) => ({ ...each, schema: 'espalier/card@9' }), /no card.*espalier\/card@1, got espalier\/card@9/],
    [
      (each: Record<string, unknown>) => ({ ...each, footprint: { after: { bytes: -1 }, before: {} } }),
      /card\.json, footprint\.after\.bytes/,
    ],
    [(each: Record<string, unknown>) => ({ ...each, quality: undefined }), /card\.json, quality/],
    [() => null, /no card/],
    [() => 'text', /no card/],
  ] as const)
    assert.throws(
      () => parseCard(change(written()), 'card.json'),
      (error) => error instanceof FormatError && says.test(error.message),
    );
});

test('what holds no recipe is refused', () => {
  for (const value of [{}, [], [{ technique: 5 }], [{}], null, 7, { recipe: [] }])
    assert.throws(
      () => parseRecipe(value, 'x.json'),
      (error) => error instanceof FormatError && /no recipe in the file/.test(error.message),
    );
  assert.deepEqual(parseRecipe([{ technique: 'prune' }], 'x.json'), [{ technique: 'prune', options: {} }]);
});
