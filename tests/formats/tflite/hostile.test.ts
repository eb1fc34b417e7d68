import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FormatError, UnsupportedError } from 'espalier/base';
import { decodeTflite } from 'espalier/formats';
import { fixture } from '../../support/paths.js';
import { bytesOf, readCases } from './cases.js';

const files = JSON.parse(readFileSync(fixture('tflite', 'hostile.json'), 'utf8')) as Record<string, string>;

/** Which error each file meets, and what it says: what, where, and what was expected or is to be done. */
const told: Readonly<Record<string, readonly [typeof FormatError | typeof UnsupportedError, RegExp]>> = {
  'a custom operator': [UnsupportedError, /^x\.tflite, operator 0, custom operator "Detect": .*built-in.*Convert the model again/],
  'an unknown operator': [UnsupportedError, /^x\.tflite, operator 0, number 5000 ".*": The operator is not read\. docs\/tflite\.md/],
  'an operator that is not read': [UnsupportedError, /operator 0, SVDF ".*": The operator is not read/],
  'an unknown version': [
    UnsupportedError,
    /operator 0, FULLY_CONNECTED ".*": The operator is of a version that is not known\. Expected 1 to 14, got 99/,
  ],
  'an unknown type': [UnsupportedError, /tensor 0 ".*": The element type number 77 is not read/],
  'a resource': [UnsupportedError, /tensor 0 ".*": The element type RESOURCE/],
  'contents that do not fill the shape': [
    FormatError,
    /tensor \d+ ".*": The contents do not fill a float32 tensor of shape \[5,7000\]\. Expected 140000 bytes, got 140/,
  ],
  'a negative size': [FormatError, /tensor \d+ ".*": The shape cannot be\. .*got \[-5,-7\]/],
  'a weight that does not fit the data': [FormatError, /operator 0, FULLY_CONNECTED ".*": /],
  'a tensor that is not there': [FormatError, /operator 0: There is no such tensor\. Expected 0 to 3, got 4000/],
  'a buffer that is not there': [FormatError, /tensor \d+ ".*": There is no such buffer\. Expected 0 to \d+, got 4000/],
  'an operator code that is not there': [FormatError, /operator 0: There is no such operator code\. Expected 0 to 0, got 9/],
  'the options of another operator': [FormatError, /operator 0, FULLY_CONNECTED ".*": The options are those of another operator/],
  'an input that nothing makes': [FormatError, /tensor 0 ".*": A tensor is read before anything makes it/],
  'another schema': [UnsupportedError, /another version of the schema\. Expected 3, got 2/],
  'scales that do not fit': [FormatError, /tensor \d+ ".*": The scales do not fit axis 0 .* Expected 5, got 3/],
  'a scale that is not a number': [FormatError, /tensor \d+ ".*": A scale cannot be/],
  'a sparse tensor': [UnsupportedError, /tensor \d+ ".*": Tensors stored without their zeros are not read/],
  'a variable': [UnsupportedError, /tensor 0 ".*": A tensor that keeps its value between runs is not read/],
  'no graph': [FormatError, /x\.tflite: The file holds no graph/],
};

test('each file that is hostile is refused in one clear error', async (context) => {
  assert.deepEqual(Object.keys(files).sort(), Object.keys(told).sort());
  for (const [name, file] of Object.entries(files)) {
    const [type, message] = told[name];
    await context.test(name, () => {
      assert.throws(
        () => decodeTflite(bytesOf(file), { source: 'x.tflite' }),
        (error) => {
          assert.ok(error instanceof type, String(error));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

test('a file that ends early is refused wherever it ends', () => {
  const whole = readCases().find(({ name }) => name === 'residual int8')?.model as Uint8Array;
  for (let length = 0; length < whole.length; length += 7)
    assert.throws(
      () => decodeTflite(whole.subarray(0, length)),
      (error) => error instanceof FormatError || error instanceof UnsupportedError,
      `${length} of ${whole.length} bytes`,
    );
});
