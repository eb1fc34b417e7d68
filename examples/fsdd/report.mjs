// Writes what examples/fsdd.mjs found into docs/audio.md.
import { readFileSync } from 'node:fs';
import { percent, table, writePart } from '../support/page.mjs';

const NAMES = { plain: 'plain DS-CNN', recipe: 'recipe' };

export function writeReport(results) {
  const { records, recipe, machine } = JSON.parse(readFileSync(results, 'utf8'));
  const at = (split, arm) => records.find((record) => record.split === split && record.arm === arm);
  const speakers = [...new Set(records.map(({ split }) => split))].filter((split) => split !== 'official').sort();
  const arms = Object.keys(recipe.ARMS);
  const cell = (split, arm) => (at(split, arm) ? percent(at(split, arm).accuracy) : '');
  const both = speakers.filter((split) => arms.every((arm) => at(split, arm)));
  const summary = (arm) => {
    const own = both.map((split) => at(split, arm).accuracy);
    return own.length > 0 ? [percent(own.reduce((sum, value) => sum + value, 0) / own.length), percent(Math.min(...own))] : ['', ''];
  };
  const head = ['int8, test accuracy in %', 'official split', ...speakers.map((name) => `without ${name}`), 'mean', 'worst'];
  const rows = arms.map((arm) => [NAMES[arm], cell('official', arm), ...speakers.map((split) => cell(split, arm)), ...summary(arm)]);
  const [{ bytes, parameters, macs }] = records;
  const { official, leftOut } = recipe.EPOCHS;
  const largest = Math.max(...records.map((record) => record.bytes));
  const facts =
    `${parameters} stored numbers, ${(macs / 1e6).toFixed(1)} M multiply-accumulates, int8 files of ${(Math.min(bytes, largest) / 1000).toFixed(1)}` +
    `${largest > bytes ? ` to ${(largest / 1000).toFixed(1)}` : ''} KB besides the front end; ${official} epochs on the official split, ${leftOut} with a speaker left out, one seed. ` +
    `${machine.processor}, ${machine.threads} thread(s), Node ${machine.node}.`;
  writePart('docs/audio.md', 'results', `${table([head, ...rows])}\n\n${facts}`);
}
