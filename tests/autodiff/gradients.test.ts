import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fixture } from '../support/paths.js';
import { checkGradients } from './checker.js';
import { gradientCases } from './fixtures.js';

const families = readdirSync(fixture('gradients'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''))
  .sort();

for (const family of families) {
  describe(`gradients: ${family}`, () => {
    for (const given of gradientCases(family)) test(given.name, () => checkGradients(given));
  });
}
