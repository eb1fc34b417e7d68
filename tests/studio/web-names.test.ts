import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveRun, ModelInfo } from 'espalier/strategies';
import type { GraphInfo } from '#dist/studio/api/index.js';
import { skipWithoutChromium } from '../support/browser/index.js';
import { residualGraph } from '../support/studio/graphs.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();

/** What would run if any of it were taken for markup, an address, a format or a key of an object. */
const names: readonly string[] = [
  '<img src=x onerror="globalThis.pwned=1">',
  '<script>globalThis.pwned=1</script>',
  '"><svg onload=globalThis.pwned=1>',
  "' onmouseover='globalThis.pwned=1",
  'javascript:globalThis.pwned=1',
  '</title><img src=x onerror=globalThis.pwned=1>',
  '<iframe srcdoc="<script>parent.pwned=1</script>">',
  '<style>*{display:none}</style>',
  '<a href="javascript:globalThis.pwned=1">x</a>',
  '<math><mi xlink:href="data:x,<script>globalThis.pwned=1</script>">',
  '<details open ontoggle=globalThis.pwned=1>',
  '&lt;img src=x onerror=globalThis.pwned=1&gt;',
  '{{constructor.constructor("globalThis.pwned=1")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template that nobody must fill
  '${globalThis.pwned=1}',
  '{a|rich}{b}',
  '{value}%s%d{@[0]}',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '..%2f..%2fsecret',
  '#/run/other?model=x',
  'a?b#c&d=e',
  '%',
  '%E0%A4%A',
  '\u202egnp.exe',
  '\u0000\u0007\u001b[31m',
  '\ud800',
  'é'.repeat(300),
  'long-'.repeat(200),
  '🌳'.repeat(40),
  '   ',
  '-->',
  ']]>',
  '*/alert(1)/*',
  '\\u003cimg src=x onerror=globalThis.pwned=1\\u003e',
];

/** A run in which everything that a file or a person can name is called so. */
function called(name: string): LiveRun {
  const run = liveDigits();
  const model = (each: ModelInfo, index: number): ModelInfo => ({
    ...each,
    id: `${name} ${index}`,
    label: name,
    file: `models/${name}.onnx`,
    card: `models/${name}.card.json`,
    recipe: [{ technique: name, options: { [name]: name } }],
    checks: [{ runtime: name, status: 'fails', detail: name }],
  });
  return {
    ...run,
    name,
    error: name,
    strategy: name,
    task: { ...run.task, name },
    baseline: run.baseline && model(run.baseline, -1),
    models: run.models.map(model),
    space: { ...run.space, [`${name} `]: { type: 'categorical', choices: [name, `${name} too`] } },
    trials: run.trials.map((trial, index) => ({
      ...trial,
      label: name,
      error: name,
      worker: name,
      point: { ...trial.point, [`${name} `]: name },
      models: [`${name} ${index}`],
    })),
    workers: [{ name, task: name, facts: { [name]: name }, seen: Date.now() }],
    messages: [{ at: Date.now(), level: 'warning', text: name }],
  };
}

function graphCalled(name: string): GraphInfo {
  const { nodes, edges } = residualGraph(2);
  return { name, edges, nodes: nodes.map((node) => ({ ...node, name, op: name, attributes: { [name]: name } })) };
}

function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}

test(`${names.length} names that are markup, addresses and formats stay text in every view`, { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/');
  const foreign = 'main :is(img, iframe, script, style, math, svg, object, embed)';
  for (const [index, name] of names.entries()) {
    const id = `named-${index}`;
    tests.studio.runs.set(id, called(name));
    const model = `${name} 0`;
    tests.studio.graphs.set(model, graphCalled(name));
    const views: [hash: string, sign: string][] = [
      [`run/${id}?model=${encoded(model)}`, '.details'],
      [`run/${id}/trials?from=1`, '.fields'],
      [`run/${id}/progress`, '.chart-place canvas'],
      [`run/${id}/parameters`, '.parallel-place canvas'],
      [`run/${id}/workers`, '.messages'],
      [`compare?run=${id}`, '.compared'],
      ['runs', 'table'],
      [`graph/${id}/${encoded(model)}`, '.graph-canvas'],
    ];
    for (const [hash, sign] of views) {
      // What no address can say is not asked for by its address.
      if (hash.includes('%EF%BF%BD')) continue;
      await page.goto(`${tests.address}#/${hash}`);
      await page.waitForSelector(sign);
      assert.equal(await page.locator(foreign).count(), 0, `${JSON.stringify(name)} in ${hash}`);
      assert.equal(await page.locator('main a[href^="javascript:" i]').count(), 0, `${JSON.stringify(name)} in ${hash}`);
    }
    if (index === 0) await page.getByText(name).first().waitFor();
    tests.studio.runs.delete(id);
  }
  assert.equal(await page.evaluate('globalThis.pwned'), undefined);
  assert.deepEqual(
    await page.evaluate('[...Object.keys(Object.prototype), ...Object.keys(Object)]'),
    [],
    'no name became a property of all objects',
  );
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('links to files of a run stay within it, whatever its files are called', { skip: skipWithoutChromium }, async () => {
  const path = '../../etc/passwd';
  tests.studio.runs.set('paths', called(path));
  const { page } = await tests.open(`/run/paths?model=${encodeURIComponent(`${path} 0`)}`);
  await page.waitForSelector('.details');
  await page.getByRole('link', { name: 'Download the model' }).waitFor();
  const href = await page.evaluate("document.querySelector('.details a[download]').href");
  assert.ok(String(href).startsWith(`${tests.address}api/runs/paths/files/`), String(href));
  tests.studio.runs.delete('paths');
  await page.context().close();
});
