import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStudy, type MayTry, memoryStorage, type Point, type StudyOptions } from 'espalier/automation';

const space = { cost: { type: 'integer', low: 1, high: 9 } } as const;
const initialPoints = [{ cost: 2 }, { cost: 9 }, { cost: 3 }, { cost: 8 }, { cost: 1 }];

/** A study whose trials spend what they cost of an allowance: a clock that a test can hold. */
function spending(allowance: number, options: Partial<StudyOptions> = {}) {
  let left = allowance;
  const costOf = (point: Point) => Number(point.cost);
  const mayTry: MayTry = (point, pending) => pending.reduce((sum, each) => sum + costOf(each), costOf(point)) <= left;
  const tried: number[] = [];
  const objective = async (point: Point) => {
    left -= costOf(point);
    tried.push(costOf(point));
    return [costOf(point)];
  };
  const study = createStudy({ space, initialPoints, objective, directions: ['minimize'], maxTrials: 9, mayTry, ...options });
  return { study, tried, left: () => left };
}

test('what there is no time for is passed over: nothing is begun that would not end, and the study ends by its budget', async () => {
  for (const concurrency of [1, 3]) {
    const { study, tried, left } = spending(14, { concurrency });
    assert.equal(await (await study).run(), 'budget');
    assert.equal(left(), 0, `each left over is worth a trial: ${tried}`);
    assert.deepEqual([...tried].slice(0, 2), [2, 9], 'first points in their order, as far as there is time');
    assert.ok((await study).trials.every(({ state }) => state === 'completed'));
  }
});

test('with time enough nothing is passed over', async () => {
  const { study, tried } = spending(1000);
  assert.equal(await (await study).run(), 'trials');
  assert.deepEqual(
    tried.slice(0, 5),
    initialPoints.map(({ cost }) => cost),
  );
});

test('time that was lost after a wave was proposed: what no longer fits is withdrawn, and what does is tried instead', async () => {
  let left = 30;
  const mayTry: MayTry = (point) => Number(point.cost) <= left;
  const tried: Point[] = [];
  const objective = async (point: Point) => {
    tried.push(point);
    // The first takes far longer than was foreseen.
    left = 3;
    return [1];
  };
  const storage = memoryStorage();
  const common = { space, initialPoints, objective, directions: ['minimize'], storage } as const;
  const study = await createStudy({ ...common, maxTrials: 4, mayTry });
  assert.equal(await study.run(), 'budget');
  assert.deepEqual(
    tried.map(({ cost }) => cost),
    [2, 3, 1],
  );
  const rest = await createStudy({ ...common, maxTrials: 7 });
  assert.equal(await rest.run(), 'trials');
  assert.ok(
    [8, 9].every((cost) => rest.trials.some(({ point }) => point.cost === cost)),
    'a run without a budget tries what was passed over',
  );
});

test('points that are not worth a trial cost none, whatever is proposed, and the trials are the same for any number at a time', async () => {
  const admits = (point: Point) => Number(point.cost) % 3 !== 0;
  const trialsOf = async (options: Partial<StudyOptions>) => {
    const objective = async (point: Point) => [Number(point.cost)];
    const study = await createStudy({ space, initialPoints, objective, directions: ['minimize'], maxTrials: 5, admits, ...options });
    return { end: await study.run(), costs: study.trials.map(({ point }) => point.cost) };
  };
  const one = await trialsOf({});
  assert.equal(one.end, 'trials');
  assert.deepEqual(one.costs.slice(0, 3), [2, 8, 1], 'first points, as far as they are worth it');
  assert.ok(one.costs.every((cost) => Number(cost) % 3 !== 0));
  assert.deepEqual(await trialsOf({ concurrency: 4 }), one);
  const all = await trialsOf({ maxTrials: 20 });
  assert.equal(all.end, 'exhausted', 'once all that are worth it were tried');
  assert.deepEqual(
    [...all.costs].sort((a, b) => Number(a) - Number(b)),
    [1, 2, 4, 5, 7, 8],
  );
});
