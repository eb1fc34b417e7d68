import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Sha256 } from 'espalier/base';

function agreesWithOpenssl(): void {
  const content = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) & 255);
  for (let length = 0; length <= 200; length++) {
    const piece = content.subarray(0, length);
    const oracle = createHash('sha256').update(piece).digest('hex');
    const half = length >> 1;
    assert.equal(new Sha256().update(piece).hex(), oracle);
    assert.equal(new Sha256().update(piece.subarray(0, half)).update(piece.subarray(half)).hex(), oracle);
  }
  assert.equal(new Sha256().update('abc').hex(), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
}

test("SHA-256 by Node agrees with OpenSSL's at every length around a block, however the bytes are cut", agreesWithOpenssl);

test('as in a page, too', () => {
  const own = process.getBuiltinModule;
  process.getBuiltinModule = undefined as never;
  try {
    agreesWithOpenssl();
  } finally {
    process.getBuiltinModule = own;
  }
});
