import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LiveRun } from 'espalier/strategies';
import type { ReportInfo } from '#dist/report/info/index.js';
import { colorRules } from '#dist/report/render/svg/theme.js';
import {
  comparedRows,
  frontPicture,
  heats,
  importanceOf,
  infoOf,
  lanesOf,
  limitFields,
  merged,
  parseTime,
  TrialForm,
  timeLeft,
} from '#dist/studio/view/index.js';
import { root } from '../support/paths.js';
import { residualGraph } from '../support/studio/graphs.js';
import { BEGUN, liveDigits, manyTrials } from '../support/studio/live.js';

test('a change replaces what it names, by id and by number, once', () => {
  const run = liveDigits();
  const [first] = run.models;
  const trial = { ...run.trials[13], state: 'completed' as const };
  const next = merged(run, {
    revision: 2,
    wanted: 30,
    models: [
      { ...first, label: 'renamed' },
      { ...first, id: 'new' },
    ],
    trials: [{ ...trial, number: 14 }, trial],
  });
  assert.equal(next.wanted, 30);
  assert.deepEqual([next.models.length, next.models[0].label, next.models.at(-1)?.id], [13, 'renamed', 'new']);
  assert.deepEqual(
    next.trials.slice(-2).map(({ number, state }) => `${number} ${state}`),
    ['13 completed', '14 completed'],
  );
  assert.deepEqual(next.messages, run.messages);
  assert.equal(merged(next, { revision: 2, wanted: 40 }), next, 'what is older changes nothing');
});

test('a trial by hand has the fields that its conditions ask for', () => {
  const form = new TrialForm(liveDigits().space ?? {});
  const names = (draft: Parameters<TrialForm['fields']>[0]) => form.fields(draft).map(({ name }) => name);
  assert.deepEqual(names(form.draft()), ['prune', 'keep', 'epochs', 'rate', 'quantize']);
  const without = { ...form.draft(), prune: false };
  assert.deepEqual(names(without), ['prune', 'epochs', 'rate', 'quantize']);
  assert.deepEqual(Object.keys(form.point(without)), ['prune', 'epochs', 'rate', 'quantize']);
  assert.throws(() => form.point({ ...without, epochs: 13 }), /epochs/);
});

test('limits are typed in units, and what is written is read as the same', () => {
  const field = (name: string) => limitFields().find((each) => each.name === name);
  for (const [name, text, value] of [
    ['maxSize', '64.2 KB', 64_200],
    ['maxSize', '1.5MiB', 1_572_864],
    ['maxMacs', '12 M', 12e6],
    ['maxLatency', '5ms', 5],
    ['maxDrop', '1 point', 1],
    ['minQuality', '95%', 0.95],
    ['maxSize', 'much', undefined],
    ['maxSize', '-1 KB', undefined],
    ['maxSize', '0', undefined],
  ] as const)
    assert.equal(field(name)?.parse(text), value, text);
  for (const metric of ['accuracy', 'rmse', 'r2', 'sqnr', 'one from outside'])
    for (const { parse, text, example } of limitFields(metric)) {
      const value = parse(example);
      assert.ok(value !== undefined, `${metric}: ${example}`);
      assert.equal(parse(text(value)), value, example);
    }
  const loss = (metric: string) =>
    limitFields(metric)
      .find(({ name }) => name === 'maxDrop')
      ?.text(2);
  assert.deepEqual(['accuracy', 'rmse', 'r2'].map(loss), ['2 points', '2 %', '2 hundredths']);
  assert.deepEqual(['30 min', '90 s', '2 h', 'soon'].map(parseTime), [1_800_000, 90_000, 7_200_000, undefined]);
});

test('trials of nobody share as few lanes as they can', () => {
  const trial = liveDigits().trials[0];
  const spans = [
    [0, 10],
    [5, 15],
    [10, 20],
    [16, 30],
  ].map(([begun, ended], number) => ({ ...trial, number, begun, ended, worker: undefined }));
  const lanes = lanesOf([...spans, { ...trial, number: 9, begun: 3, ended: undefined, state: 'running', worker: 'alder' }], 40);
  assert.deepEqual(
    lanes.map(({ name, spans: list }) => [name, ...list.map((span) => `${span.trial.number}: ${span.begun}-${span.ended}`)]),
    [
      ['alder', '9: 3-40'],
      ['Lane 1', '0: 0-10', '2: 10-20'],
      ['Lane 2', '1: 5-15', '3: 16-30'],
    ],
  );
  assert.ok(BEGUN > 0);
});

test('beside a model other than the baseline latencies are those that are shown', () => {
  const info = infoOf(liveDigits());
  assert.ok(info);
  const column = (index: number) => ({ run: 'digits', info, model: info.models[index] });
  const latency = (columns: Parameters<typeof comparedRows>[0]) =>
    comparedRows(columns)
      .find(({ label }) => label === 'Latency')
      ?.cells.at(-1);
  assert.equal(latency([column(3), column(3)])?.difference, undefined, 'the same model is as fast');
  assert.deepEqual(latency([column(0), column(3)]), { text: '0.148 ms', difference: '1.4x faster', better: true });
});

test('a front is seen as wide as what is seen of it is; with everything, as wide as everything', () => {
  const run = liveDigits();
  const [first] = run.models;
  const poor = { ...first, id: 'poor', onFront: false, validation: { ...first.validation, value: 0.02 } };
  const tiny = { ...poor, footprint: { ...poor.footprint, bytes: 100 } };
  const picture = (models: LiveRun['models']) => frontPicture(infoOf({ ...run, models }) as ReportInfo, 'bytes', 'quality');
  const [before, after] = [picture([...run.models, poor]), picture([...run.models, tiny])];
  assert.ok(before && after && after.y.ends[0] > 0.02);
  assert.deepEqual(after.x.ends, before.x.ends);
  assert.ok(after.x.ends[0] > 100 && after.x.all[0] < 100);
});

test('time left is said while somebody is at work', () => {
  assert.equal(timeLeft({ state: 'searching', secondsLeft: 185 }), 'about 3 min 5 s');
  assert.equal(timeLeft({ state: 'complete', secondsLeft: 185 }), undefined);
  assert.equal(timeLeft({ state: 'searching' }), undefined);
});

test('importance finds the parameter that decides', () => {
  const { space, objectives, task, trials } = manyTrials(200);
  const decided = trials.map((trial) => ({ ...trial, values: [trial.point.quantize === 'static' ? 0.9 : 0.5, 1, 1] }));
  const shares = importanceOf({ space, objectives, task, trials: decided, objective: 0 });
  assert.ok(shares && shares[0][0] === 'quantize' && shares[0][1] > 0.8, JSON.stringify(shares));
  assert.equal(importanceOf({ space, objectives, task, trials: decided.slice(0, 9), objective: 0 }), undefined);
});

test('the costliest node is hottest, a thousandth of it is cold', () => {
  const [node] = residualGraph(1).nodes;
  const macs = [1000, 100, 1, 0].map((each) => ({ ...node, macs: each }));
  const found = [...heats(macs, 'macs')].map((heat) => Number(heat.toFixed(3)));
  assert.deepEqual(found, [1, 0.667, 0, 0]);
});

test("the page's colours are those of the report", () => {
  const css = readFileSync(join(root, 'src/studio/web/styles/theme.css'), 'utf8');
  const pairs = (text: string) => [...text.matchAll(/--([a-z]+):\s*(#[0-9a-f]{6})/g)].map(([, name, color]) => `${name} ${color}`);
  const [light, dark] = css.split('@media');
  const [reportLight, reportDark] = colorRules(':root').split('@media');
  for (const [page, report] of [
    [light, reportLight],
    [dark, reportDark],
  ]) {
    const known = new Set(pairs(page));
    for (const pair of pairs(report)) assert.ok(known.has(pair), pair);
  }
});
