import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { add, binary, load, loop, type Buffer as Place, store, unary } from '#dist/infrastructure/codegen/index.js';
import { loaderSource, loaderTypes, type WasmModule } from '#dist/infrastructure/targets/wasm/index.js';
import { root } from '../../../support/paths.js';
import { moduleOf } from './compared.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-loader-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Loaded {
  load(source?: unknown): Promise<{ run(inputs: object): Record<string, ArrayLike<number>> }>;
}

let written = 0;
/** Writes a module and its loader, and imports that. */
async function loaded(module: WasmModule): Promise<Loaded & { path: string }> {
  const path = join(folder, `model${written++}`);
  const file = `model${written - 1}.wasm`;
  writeFileSync(join(folder, file), module.bytes);
  writeFileSync(`${path}.js`, loaderSource(module, { file, from: 'test.onnx\nsecond line' }));
  writeFileSync(`${path}.d.ts`, loaderTypes(module, { from: 'test.onnx' }));
  return { ...((await import(pathToFileURL(`${path}.js`).href)) as Loaded), path };
}

const port = (name: string, role: 'input' | 'output', size = 3): Place => ({ name, type: 'f32', size, role });

/** y = a + b, element by element. */
function sumOf(a: Place, b: Place, y: Place): WasmModule {
  const body = loop('i', 3, (i) => [store(y, i, add(load(a, i), load(b, i)))]);
  return moduleOf([a, b], [y], [{ title: '', kind: '', body, macs: 0, elements: 0 }]);
}

const plain = sumOf(port('a', 'input'), port('b', 'input'), port('y', 'output'));
const [ones, twos] = [Float32Array.of(1, 1, 1), Float32Array.of(2, 3, 4)];

test('a model loads by the file beside the loader, by an address, and by bytes, and answers', async () => {
  const { load, path } = await loaded(plain);
  const { bytes } = plain;
  for (const source of [undefined, pathToFileURL(`${path}.wasm`), pathToFileURL(`${path}.wasm`).href, bytes, bytes.slice().buffer]) {
    const model = await load(source);
    assert.deepEqual(model.run({ a: ones, b: twos }), { y: Float32Array.of(3, 4, 5) });
  }
});

test('instances do not disturb each other, and answers stay as they were given', async () => {
  const { load } = await loaded(plain);
  const [one, two] = [await load(), await load()];
  const first = one.run({ a: ones, b: ones });
  two.run({ a: twos, b: twos });
  one.run({ a: twos, b: twos });
  assert.deepEqual(first, { y: Float32Array.of(2, 2, 2) });
});

test('inputs of another type or length are refused by name; a file that is not there is, too', async () => {
  const { load } = await loaded(plain);
  const model = await load();
  const refused = (inputs: object, message: string) => assert.throws(() => model.run(inputs), new TypeError(message));
  refused({ a: ones }, 'Input "b" must be Float32Array(3), not undefined(undefined)');
  refused({ a: Float64Array.of(1, 2, 3), b: ones }, 'Input "a" must be Float32Array(3), not Float64Array(3)');
  refused({ a: ones, b: Float32Array.of(1) }, 'Input "b" must be Float32Array(3), not Float32Array(1)');
  refused({ a: [1, 2, 3], b: ones }, 'Input "a" must be Float32Array(3), not object(3)');
  await assert.rejects(load(pathToFileURL(join(folder, 'absent.wasm'))), /absent\.wasm/);
});

test('names may be anything', async () => {
  const names = ['serving_default_x:0', '__proto__', 'a "quoted"\n name'];
  const { load } = await loaded(sumOf(port(names[0], 'input'), port(names[1], 'input'), port(names[2], 'output')));
  const inputs = Object.fromEntries([
    [names[0], ones],
    [names[1], twos],
  ]);
  assert.deepEqual((await load()).run(inputs)[names[2]], Float32Array.of(3, 4, 5));
});

test("functions of JavaScript's Math come with the loader, the remainder too", async () => {
  const [a, b, y] = [port('a', 'input'), port('b', 'input'), port('y', 'output')];
  const body = loop('i', 3, (i) => [store(y, i, binary('fmod', unary('sin', load(a, i)), load(b, i)))]);
  const { load: open } = await loaded(moduleOf([a, b], [y], [{ title: '', kind: '', body, macs: 0, elements: 0 }]));
  const got = (await open()).run({ a: ones, b: Float32Array.of(0.5, 0.25, 2) }).y;
  assert.deepEqual(
    got,
    Float32Array.from([0.5, 0.25, 2], (each) => Math.fround(Math.sin(1)) % each),
  );
});

test('the loader has at most 1.5 KB, and its types hold', async () => {
  const { path } = await loaded(plain);
  assert.ok(Buffer.byteLength(loaderSource(plain, { file: 'model.wasm', from: 'model.onnx' })) <= 1500);
  const good = `import { load } from '${path}.js';\nconst model = await load();\nexport const y: Float32Array = model.run({ a: new Float32Array(3), b: new Float32Array(3) }).y;\n`;
  const check = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', target: 'es2023', lib: ['es2023', 'dom'], types: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [name] }));
    return promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  };
  await check('good.mts', good);
  await assert.rejects(check('bad.mts', good.replace('b: new', 'c: new')), ({ stdout }: { stdout: string }) => /'c'/.test(stdout));
});
