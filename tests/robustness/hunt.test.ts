import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunt } from '../support/fuzz/hunt.js';

/** The first cases of `npm run fuzz`, with the repository's own models as seeds: the same everywhere. */
const CASES = 500;
/** Seconds of work that a stage may take: five times what `npm run fuzz` allows, for slow machines. */
const LONGEST_STAGE = 10;

test(`${CASES} hostile files are read or refused: within ${LONGEST_STAGE} seconds of work, within 200 MB, by errors of Espalier's own`, async (t) => {
  const summary = await hunt({ from: 0, cases: CASES, all: false, longestStage: 1000 * LONGEST_STAGE });
  t.diagnostic(
    `${summary.accepted} went through, ${JSON.stringify(summary.refused)} refused; longest stage ${summary.longest} ms, largest growth ${Math.round(summary.largest / 1e6)} MB`,
  );
  assert.deepEqual(summary.findings, []);
  assert.equal(summary.cases, CASES);
  assert.ok(summary.accepted > CASES / 20 && Object.keys(summary.refused).length > 2, 'the cases are neither all refused nor all harmless');
});
