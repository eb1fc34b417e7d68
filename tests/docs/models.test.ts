// The table of docs/models.md is what examples/results/techniques.json says, and no run of it failed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { techniques } from 'espalier/strategies';
import { root } from '../support/paths.js';

interface Run {
  outcome: 'done' | 'written' | 'refused' | 'not for it' | 'failed';
  why?: string;
  web?: string;
  size?: number;
}

const known = JSON.parse(readFileSync(join(root, 'examples', 'results', 'techniques.json'), 'utf8')) as Record<
  string,
  { runs: Record<string, Run> }
>;
const runs = Object.entries(known).flatMap(([model, each]) => Object.entries(each.runs).map(([way, run]) => ({ model, way, run })));

test('no run failed: each wrote a model that runs, or says why not', () => {
  assert.ok(runs.length > 300, `${runs.length} runs`);
  for (const { model, way, run } of runs) {
    assert.notEqual(run.outcome, 'failed', `${model} ${way}: ${run.why}`);
    assert.notEqual(run.web, 'fails', `${model} ${way} does not run in onnxruntime-web`);
    if (run.outcome === 'refused' || run.outcome === 'not for it') assert.match(run.why ?? '', /\w+.*\.$/, `${model} ${way}`);
  }
});

test('every technique of the registry was tried', () => {
  const ways = [...new Set(runs.map(({ way }) => way))];
  for (const { name } of techniques.all())
    assert.ok(
      ways.some((way) => way === name || way.startsWith(`${name} `)),
      `${name} is not in the table`,
    );
});

test('the page has a row for each run', () => {
  const page = readFileSync(join(root, 'docs', 'models.md'), 'utf8');
  for (const { model, way } of runs)
    assert.ok(page.includes(`| ${model} | ${way} |`), `${model} ${way}: npm run bench:techniques -- --report`);
});
