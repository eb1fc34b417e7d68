import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { defineConfig } from 'espalier/config';
import { saveModel } from 'espalier/onnx/node';
import { espalier } from './run.js';

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-config-'));
  await saveModel(surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.1 }), join(folder, 'net.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command in a folder with this file in it. */
async function withConfig(file: string, contents: string, line: string) {
  const place = join(folder, `case-${Math.random().toString(36).slice(2)}`);
  mkdirSync(place);
  cpSync(join(folder, 'net.onnx'), join(place, 'net.onnx'));
  writeFileSync(join(place, file), contents);
  return espalier(line.split(' '), { cwd: place });
}

const config = defineConfig({ bench: { threads: 1, batch: 3, runs: '5', json: true }, quantize: { dynamic: true, out: 'q.onnx' } });

for (const [file, contents] of [
  ['espalier.config.json', JSON.stringify(config)],
  ['espalier.config.js', `export default ${JSON.stringify(config)};`],
  ['espalier.config.mjs', `export default ${JSON.stringify(config)};`],
]) {
  test(`${file}: options of a command; the command line wins`, async () => {
    const configured = await withConfig(file, contents, 'bench net.onnx');
    assert.equal(configured.code, 0, configured.stderr);
    const { batch, threads } = JSON.parse(configured.stdout);
    assert.deepEqual([batch, threads], [3, 1]);
    const given = await withConfig(file, contents, 'bench net.onnx --batch 2');
    assert.equal(JSON.parse(given.stdout).batch, 2);
    const required = await withConfig(file, contents, 'quantize net.onnx');
    assert.match(required.stdout, /Wrote q\.onnx\n$/, required.stderr);
    const failing = await withConfig(file, contents, 'bench none.onnx');
    assert.equal(JSON.parse(failing.stdout).schema, 'espalier/error@1', 'so errors are documents, too');
  });
}

for (const [what, contents, says] of [
  ['no JSON', '{', /espalier\.config\.json: The configuration cannot be read/],
  ['a list', '[]', /holds no object.*"COMMAND"/],
  ['a command that there is not', '{"optimise":{}}', /a command that there is not.*optimize.*got optimise/],
  ['an option that there is not', '{"bench":{"batches":3}}', /bench\.batches: "bench" has no such option.*batch, /],
  ['a value that cannot be', '{"bench":{"batch":0}}', /bench\.batch: Expected a whole number of at least 1.*Got 0/],
  ['none of the choices', '{"bench":{"backend":"tpu"}}', /bench\.backend: Allowed choices are cpu, webgpu/],
  ['a flag with a value', '{"bench":{"quiet":"yes"}}', /bench\.quiet: Expected true or false/],
] as const) {
  test(`refused, with the place: ${what}`, async () => {
    const { code, stderr } = await withConfig('espalier.config.json', contents, 'bench net.onnx');
    assert.equal(code, 2);
    assert.match(stderr, says);
  });
}
