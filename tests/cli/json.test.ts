import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { saveModel } from 'espalier/onnx/node';
import { digitsRun } from '../fixtures/report/samples.js';
import { espalier } from './run.js';

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-json-'));
  await saveModel(surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.1 }), join(folder, 'net.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (line: string) => espalier(line.split(' '), { cwd: folder });

for (const [line, exitCode, error] of [
  ['inspect none.onnx --json', 1, { name: 'FormatError', where: 'none.onnx' }],
  ['inspect --json', 2, { name: 'UsageError', message: "missing required argument 'model'" }],
  ['frobnicate --json', 2, { name: 'UsageError' }],
  ['bench net.onnx --runs many --json', 2, { name: 'UsageError' }],
  ['techniques magic --json', 2, { name: 'OptionError' }],
  ['quantize net.onnx -o q.onnx --json', 2, { name: 'OptionError', fix: 'Give --data, or use --dynamic, --weights or --data synthetic.' }],
] as const) {
  test(`an error is a document on stdout, and the same words on stderr: ${line}`, async () => {
    const { code, stdout, stderr } = await run(line);
    assert.equal(code, exitCode);
    const document = JSON.parse(stdout);
    assert.equal(document.schema, 'espalier/error@1');
    assert.equal(document.exitCode, exitCode);
    for (const [field, value] of Object.entries(error)) assert.equal(document.error[field], value);
    assert.ok(document.error.message.length > 0 && stderr.includes(document.error.message));
  });
}

/** A folder of a run whose front.json has these fields in place of its own. */
function leaveRun(name: string, fields: object): string {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'front.json'), JSON.stringify({ ...digitsRun(), ...fields }));
  return name;
}

test('runs are read that say nothing of a schema, or the one that is known; others are refused', async () => {
  assert.equal((await run(`report ${leaveRun('old', { schema: undefined })}`)).code, 0);
  assert.equal((await run(`report ${leaveRun('same', { schema: 'espalier/front@1' })}`)).code, 0);
  const { code, stderr } = await run(`report ${leaveRun('new', { schema: 'espalier/front@2' })}`);
  assert.equal(code, 1);
  assert.match(stderr, /another version of Espalier.*front@1.*front@2/);
});

test('a document of another kind is no card', async () => {
  writeFileSync(join(folder, 'other.json'), JSON.stringify({ schema: 'espalier/front@1', recipe: [{ technique: 'minify' }] }));
  const { code, stderr } = await run('apply other.json net.onnx --data digits -o x.onnx');
  assert.equal(code, 1);
  assert.match(stderr, /other\.json: The file is no card\. Expected espalier\/card@1, got espalier\/front@1/);
});
