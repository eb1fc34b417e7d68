import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnsupportedError } from 'espalier/base';
import { checkGradients, gradientModel } from './checker.js';
import { gradientCases, gradientFamilies } from './fixtures.js';
import { refusalOf } from './refused.js';

for (const family of gradientFamilies()) {
  describe(`gradients: ${family}`, () => {
    for (const given of gradientCases(family)) {
      const because = refusalOf(family, given.name);
      if (!because) test(given.name, () => checkGradients(given));
      else
        test(`${given.name} is refused`, () => {
          assert.throws(
            () => gradientModel(given),
            (error) => error instanceof UnsupportedError && because.test(error.message),
          );
        });
    }
  });
}
