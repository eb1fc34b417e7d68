import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import { allocations, type Choice } from '#dist/compression/quantization/allocate.js';

/** Every way to choose, one after the other. */
function* everything(layers: readonly (readonly Choice[])[]): Generator<{ cost: number; loss: number }> {
  const [first, ...rest] = layers;
  if (!first) yield { cost: 0, loss: 0 };
  else for (const { cost, loss } of first) for (const other of everything(rest)) yield { cost: cost + other.cost, loss: loss + other.loss };
}

function randomLayers(seed: number, count: number, choices: number): Choice[][] {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: choices }, () => ({ cost: 1 + random.integer(60), loss: random.uniform() })),
  );
}

test('for every budget the choice is the best of all, as trying them all finds', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const layers = randomLayers(seed, 6, 3);
    const { front, exact } = allocations(layers);
    assert.equal(exact, true);
    const all = [...everything(layers)];
    for (let budget = 6; budget <= 360; budget += 3) {
      const least = Math.min(...all.filter(({ cost }) => cost <= budget).map(({ loss }) => loss));
      const found = front.findLast(({ cost }) => cost <= budget)?.loss ?? Number.POSITIVE_INFINITY;
      assert.ok(found === least || Math.abs(found - least) < 1e-12, `seed ${seed}, budget ${budget}: ${found}, not ${least}`);
    }
  }
});

test('picks are those that costs and losses are the sums of', () => {
  const layers = randomLayers(3, 5, 4);
  for (const { picks, cost, loss } of allocations(layers).front) {
    const chosen = layers.map((choices, i) => choices[picks[i]]);
    assert.equal(
      chosen.reduce((sum, each) => sum + each.cost, 0),
      cost,
    );
    assert.ok(Math.abs(chosen.reduce((sum, each) => sum + each.loss, 0) - loss) < 1e-12);
  }
});

test('where states are thinned out that is said, both ends stay and what is found is near', () => {
  // Bits as they are: each costs and takes away noise.
  const layers = randomLayers(7, 12, 1).map(([{ cost, loss }]) => [2, 4, 8].map((bits) => ({ cost: bits * cost, loss: loss / 4 ** bits })));
  const [whole, thin] = [allocations(layers), allocations(layers, 60)];
  assert.ok(whole.exact && whole.front.length > 80);
  assert.equal(thin.exact, false);
  assert.equal(thin.front[0].cost, whole.front[0].cost);
  assert.equal(thin.front.at(-1)?.loss, whole.front.at(-1)?.loss);
  const reach = whole.front.at(-1)?.cost as number;
  for (const { cost, loss } of whole.front) {
    const near = thin.front.findLast((each) => each.cost <= cost + 0.06 * reach)?.loss as number;
    assert.ok(near <= loss, `${near} for ${loss}`);
  }
});
