import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type JournalRecord, readStudy, type StudyHeader, type TrialRecord } from 'espalier/automation';
import { readJournal } from 'espalier/automation/node';
import { OptionError } from 'espalier/base';
import { type StoppedRun, stoppedRun } from './stopped-run.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-warm-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Begun {
  header: StudyHeader;
  trials: readonly TrialRecord[];
  messages: string[];
  records: readonly JournalRecord[];
}

async function run(name: string, options: Omit<StoppedRun, 'folder'>): Promise<Begun> {
  const folder = join(root, name);
  const messages: string[] = [];
  await stoppedRun({ folder, ...options, onMessage: ({ text }) => messages.push(text) });
  const records = await readJournal(join(folder, 'journal.jsonl'));
  const { header, trials } = readStudy(records);
  return { header, trials, messages, records };
}

let earlier: Begun;
before(async () => {
  earlier = await run('earlier', { trials: 6 });
});

/** The points of the earlier run, those first that no other beats. */
function byRank({ trials, header: { directions } }: Begun) {
  assert.deepEqual(directions, ['maximize', 'minimize']);
  const beaten = (trial: TrialRecord, among: readonly TrialRecord[]) =>
    among.some(({ values: other = [] }) => {
      const [[quality, bytes], [better, smaller]] = [trial.values ?? [], other];
      return better >= quality && smaller <= bytes && (better > quality || smaller < bytes);
    });
  const points: TrialRecord['point'][] = [];
  for (let left = [...trials]; left.length > 0; ) {
    const best = left.filter((trial) => !beaten(trial, left));
    points.push(...best.map(({ point }) => point));
    left = left.filter((trial) => !best.includes(trial));
  }
  return points;
}

test('the same again: the best recipes first, and what all of them came to is learned from', async () => {
  const warm = await run('same', { trials: 7, warmStart: earlier.records });
  const first = byRank(earlier).slice(0, 4);
  assert.deepEqual(
    warm.trials.slice(0, 4).map(({ point }) => point),
    first,
  );
  assert.equal((warm.header.sampler.options.prior as { trials: number }).trials, 6);
  assert.ok(
    warm.messages.some((text) => /Tried first: 4 of the 6 recipes of an earlier run; scores that are learned from: 6/.test(text)),
    warm.messages.join(),
  );
  // Then what the plan begins with, once each.
  const keys = warm.header.initialPoints.map((point) => JSON.stringify(point));
  assert.equal(new Set(keys).size, keys.length);
});

test('other data: the recipes first, and never what they came to', async () => {
  const warm = await run('other', { trials: 4, warmStart: earlier.records, data: 5 });
  assert.deepEqual(
    warm.trials.slice(0, 2).map(({ point }) => point),
    byRank(earlier).slice(0, 2),
  );
  assert.equal(warm.header.sampler.options.prior, undefined);
  assert.ok(
    warm.messages.some((text) => /its scores do not count here: it is of other (model|data)/.test(text)),
    warm.messages.join(),
  );
  const random = await run('random', { trials: 2, warmStart: earlier.records, sampler: 'random' });
  assert.ok(random.messages.some((text) => /this sampler learns from none/.test(text)));
});

test('what the space does not have is left out, and counted', async () => {
  const kept = [0.5, 0.3, 0.2];
  const warm = await run('narrow', { trials: 4, warmStart: earlier.records, kept });
  const fitting = byRank(earlier).filter(({ keep }) => kept.includes(keep as number));
  const left = earlier.trials.length - earlier.trials.filter(({ point }) => kept.includes(point.keep as number)).length;
  assert.ok(left > 0);
  assert.deepEqual(
    warm.trials.slice(0, 2).map(({ point }) => point),
    fitting.slice(0, 2),
  );
  assert.ok(
    warm.messages.some((text) => text.includes(`left out because they do not fit this search: ${left}`)),
    warm.messages.join(),
  );
});

test('a run keeps how it was begun', async () => {
  const warm = await run('kept', { trials: 4, warmStart: earlier.records });
  const longer = await run('kept', { trials: 6 });
  assert.deepEqual(longer.header, warm.header);
  assert.equal(longer.trials.length, 6);
  const late = await run('earlier', { trials: 6, warmStart: warm.records });
  assert.deepEqual(late.header, earlier.header);
  assert.ok(late.messages.some((text) => /was begun without an earlier one/.test(text)));
  await assert.rejects(run('nothing', { trials: 2, warmStart: [] }), (error: unknown) => {
    return error instanceof OptionError && /no finished trial/.test(error.message);
  });
});
