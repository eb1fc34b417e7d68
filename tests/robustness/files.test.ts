import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { EspalierError } from 'espalier/base';
import { decodeModel, encodeModel, inlineFunctions } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { fixture } from '../support/paths.js';
import { field, number, model as protoModel } from '../support/wire.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-files-'));
after(() => rmSync(folder, { recursive: true }));

/** Asserts one clear error: of a class of Espalier's, naming the file, in a few words. */
function refuses(act: () => unknown, name: string, ...parts: (RegExp | string)[]): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof EspalierError, `${error} is not Espalier's`);
    assert.equal(error.name, name, error.message);
    for (const part of parts)
      assert.ok(typeof part === 'string' ? error.message.includes(part) : part.test(error.message), `${part} in: ${error.message}`);
    assert.ok(error.message.length < 500, error.message);
    return true;
  });
}

describe('files that are no models', () => {
  const contents: Record<string, [data: Uint8Array | string, message: RegExp]> = {
    empty: ['', /The file is empty/],
    text: ['This is a text about models, and no model.\n'.repeat(200), /Not a readable ONNX model: at byte \d+/],
    html: [`<!DOCTYPE html><html>${'<p>404</p>'.repeat(600)}`, /Not a readable ONNX model/],
    json: [JSON.stringify({ model: Array.from({ length: 2000 }, (_, i) => i) }), /Not a readable ONNX model/],
    zip: [Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, ...new Array(500).fill(7)), /Not a readable ONNX model/],
    zeros: [new Uint8Array(10000), /a field has number 0/],
    'git-lfs': ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', /Git LFS/],
    'no graph': [number(1, 10), /Not an ONNX model: it has no graph/],
    png: [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...new Array(3000).fill(1)), /Not a readable ONNX model/],
  };
  for (const [name, [data, message]] of Object.entries(contents)) {
    test(name, () => {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, data);
      refuses(() => loadModel(path), 'FormatError', path, message);
    });
  }

  test('nothing, a folder, a file as a folder', () => {
    refuses(() => loadModel(join(folder, 'none.onnx')), 'FormatError', join(folder, 'none.onnx'), /There is no such model file/);
    refuses(() => loadModel(folder), 'FormatError', folder, /is not a file/);
    refuses(() => loadModel(join(folder, 'empty.onnx', 'model.onnx')), 'FormatError', /cannot be read|no such/);
  });

  test('a model cut off anywhere', () => {
    const whole = new Uint8Array(readFileSync(fixture('onnx', 'everything.onnx')));
    let refused = 0;
    for (let length = 1; length < whole.length; length += 7) {
      try {
        decodeModel(whole.subarray(0, length), { source: 'cut.onnx' });
      } catch (error) {
        assert.ok(error instanceof EspalierError && error.message.startsWith('cut.onnx'), String(error));
        refused++;
      }
    }
    // Where a cut falls between two fields of the model itself, what is left is a model.
    assert.ok(refused > (whole.length / 7) * 0.9);
  });
});

describe('external data', () => {
  const copy = (name: string) => {
    const to = join(folder, name);
    cpSync(fixture('onnx', 'external'), to, { recursive: true });
    return join(to, 'model.onnx');
  };
  const pointing = (location: string, extra: Uint8Array[] = []) => {
    const entry = (key: string, value: string) => field(13, [...field(1, key), ...field(2, value)]);
    const parts = [number(1, 4), number(2, 1), field(8, 'w'), entry('location', location), ...extra, number(14, 1)];
    return protoModel(
      field(
        5,
        parts.flatMap((part) => [...part]),
      ),
    );
  };

  test('missing, too short, a folder', () => {
    const missing = copy('missing');
    rmSync(join(folder, 'missing', 'weights.bin'));
    refuses(() => loadModel(missing), 'FormatError', missing, 'tensor "a"', /"weights.bin" is missing/, /Copy it to .*missing/);
    const short = copy('short');
    truncateSync(join(folder, 'short', 'weights.bin'), 3000);
    refuses(() => loadModel(short), 'FormatError', short, 'tensor "a"', /too short\. Expected at least 6464 bytes, got 3000/);
    const bias = copy('bias');
    truncateSync(join(folder, 'bias', 'below', 'bias.bin'), 80);
    refuses(
      () => loadModel(bias),
      'FormatError',
      'tensor "b"',
      /Contents do not fill a float32 tensor of shape \[40\]\. Expected 160 bytes, got 80/,
    );
    const directory = copy('directory');
    rmSync(join(folder, 'directory', 'weights.bin'));
    mkdirSync(join(folder, 'directory', 'weights.bin'));
    refuses(() => loadModel(directory), 'FormatError', /is not a file/);
  });

  test('outside the folder: by a way up, an absolute path, a link', () => {
    writeFileSync(join(folder, 'secret'), new Uint8Array(16));
    mkdirSync(join(folder, 'inner'));
    const outside: Record<string, string> = { up: '../secret', absolute: join(folder, 'secret'), round: 'x/../../secret', link: 'link' };
    symlinkSync(join(folder, 'secret'), join(folder, 'inner', 'link'));
    for (const [name, location] of Object.entries(outside)) {
      const path = join(folder, 'inner', `${name}.onnx`);
      writeFileSync(path, pointing(location));
      refuses(() => loadModel(path), 'FormatError', path, 'tensor "w"', /outside the model's folder/, `"${location}"`);
    }
    copyFileSync(join(folder, 'secret'), join(folder, 'inner', '..data'));
    writeFileSync(join(folder, 'inner', 'dots.onnx'), pointing('..data'));
    loadModel(join(folder, 'inner', 'dots.onnx'));
  });

  test('facts that are no facts', () => {
    const entry = (key: string, value: string) => field(13, [...field(1, key), ...field(2, value)]);
    writeFileSync(join(folder, 'data'), new Uint8Array(64));
    const odd: [Uint8Array, RegExp][] = [
      [pointing('data', [entry('offset', '-4')]), /The offset of external data is no number of bytes.*"-4"/],
      [pointing('data', [entry('length', 'many')]), /The length of external data is no number of bytes/],
      [pointing('data', [entry('offset', '1e300')]), /no number of bytes/],
      [pointing('data', [entry('offset', '60')]), /Contents do not fill/],
      [pointing(''), /without a location/],
      [pointing('da\0ta'), /cannot be read|missing/],
    ];
    for (const [bytes, message] of odd) {
      writeFileSync(join(folder, 'odd.onnx'), bytes);
      refuses(() => loadModel(join(folder, 'odd.onnx')), 'FormatError', message);
    }
  });

  test('a file that is changed while its model is in use', () => {
    const path = copy('changed');
    const model = loadModel(path);
    writeFileSync(join(folder, 'changed', 'weights.bin'), new Uint8Array(6464));
    refuses(() => encodeModel(model), 'FormatError', 'weights.bin', /changed while its model was in use/);
  });
});

describe('graphs that are no graphs', () => {
  const node = (op: string, inputs: string[], outputs: string[]) =>
    field(
      1,
      [...inputs.map((name) => field(1, name)), ...outputs.map((name) => field(2, name)), field(4, op)].flatMap((part) => [...part]),
    );
  const input = field(11, field(1, 'x'));
  const output = field(12, field(1, 'y'));
  const float = field(5, [...number(2, 1), ...field(8, 'w'), ...field(9, [0, 0, 0, 0])]);
  const graphs: Record<string, [graph: Uint8Array[], name: string, message: RegExp]> = {
    'a cycle': [[node('Add', ['x', 'b'], ['y']), node('Relu', ['y'], ['b']), input, output], 'GraphError', /The graph has a cycle/],
    'a node that reads itself': [[node('Relu', ['y'], ['y']), output], 'GraphError', /Relu "y": The graph has a cycle/],
    'a dangling input': [[node('Relu', ['z'], ['y']), input, output], 'GraphError', /Relu "y": The node reads "z", which nothing makes/],
    'a dangling output': [[node('Relu', ['x'], ['z']), input, output], 'GraphError', /Nothing makes the graph output "y"/],
    'a value made twice': [
      [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y']), input, output],
      'GraphError',
      /Neg "\?": The value "y" is defined twice/,
    ],
    'an output that is an input too': [[node('Relu', ['x'], ['x']), input], 'GraphError', /The value "x" is defined twice/],
    'two inputs of one name': [[input, input], 'GraphError', /Two inputs are called "x"/],
    'two initializers of one name': [[float, float], 'GraphError', /Two initializers are called "w"/],
    'an element type of tomorrow': [[field(5, [...number(2, 99), ...field(8, 'w')])], 'FormatError', /Unknown tensor element type.*got 99/],
    'no element type': [[field(5, field(8, 'w'))], 'FormatError', /tensor "w": The tensor has no element type/],
    'a dimension below zero': [
      [field(5, [...[8, ...new Array(9).fill(255), 1], ...number(2, 1), ...field(8, 'w')])],
      'FormatError',
      /out of range.*-1/,
    ],
    'too few elements': [
      [field(5, [...number(1, 3), ...number(2, 1), ...field(8, 'w'), ...field(9, [0, 0, 0, 0])])],
      'FormatError',
      /tensor "w": Contents do not fill a float32 tensor of shape \[3\]\. Expected 12 bytes, got 4/,
    ],
    'too few texts': [
      [field(5, [...number(1, 3), ...number(2, 8), ...field(8, 'w'), ...field(6, 'one')])],
      'FormatError',
      /Expected 3 texts, got 1/,
    ],
  };
  for (const [name, [graph, error, message]] of Object.entries(graphs)) {
    test(name, () => refuses(() => decodeModel(protoModel(...graph), { source: 'odd.onnx' }), error, 'odd.onnx', message));
  }

  test('a function that is not whole', () => {
    const broken = new Uint8Array([
      ...protoModel(node('F', [], [])),
      ...field(25, [...field(1, 'F'), ...field(5, 'y'), ...field(10, 'mine')]),
    ]);
    refuses(
      () => inlineFunctions(decodeModel(broken)),
      'GraphError',
      /function mine\.F: Nothing makes the output|Nothing makes the output "y"/,
    );
  });
});
