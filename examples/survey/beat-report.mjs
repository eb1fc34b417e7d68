// Writes the part of docs/survey.md that compares the models of beat-survey.mjs with the survey's own recipe, as reproduced.
import { existsSync, readFileSync } from 'node:fs';
import { percent, table, writePart } from '../support/page.mjs';
import { mean, PUBLISHED } from './report.mjs';

export function writeBeatReport(results, reproduced = 'examples/results/survey.json') {
  const { sizes, teacher, epochs } = JSON.parse(readFileSync(results, 'utf8'));
  const records = existsSync(reproduced) ? JSON.parse(readFileSync(reproduced, 'utf8')).records : [];
  /** The survey's full recipe at the width whose published int8 file has this size. */
  const own = (kilobytes) => {
    const [width] = Object.entries(PUBLISHED).find(([, { bytes }]) => bytes === Math.round(Number(kilobytes) * 1000)) ?? [];
    const taught = records.filter((record) => record.id.startsWith('distilled') && record.width === Number(width));
    return { width, accuracy: taught.length > 0 ? mean(taught, 'int8') : undefined, bytes: taught[0]?.int8.bytes };
  };
  const all = Object.values(sizes).flatMap(({ models }) => models.filter((model) => model.epochs <= epochs));
  const best = (models) => models.toSorted((a, b) => b.validation.value - a.validation.value)[0];
  const head = ['size', 'best model within it', 'KB', 'test, %', "survey's recipe there, int8, %", 'points above'];
  const rows = Object.entries(sizes).map(([kilobytes, { models }]) => {
    const found = best(models.filter((model) => model.epochs <= epochs));
    const { accuracy } = own(kilobytes);
    if (!found) return [`${kilobytes} KB`, 'none', '–', '–', accuracy ? percent(accuracy) : '–', '–'];
    const { value, interval } = found.test;
    const test = `${percent(value)} (${percent(interval[0])} to ${percent(interval[1])})`;
    return [
      `${kilobytes} KB`,
      found.label,
      kb(found.bytes),
      test,
      accuracy ? percent(accuracy) : '–',
      accuracy ? points(value - accuracy) : '–',
    ];
  });
  const smaller = Object.keys(sizes).map((kilobytes) => {
    const { width, accuracy, bytes } = own(kilobytes);
    if (accuracy === undefined) return [width ?? '–', '–', '–', '–', '–'];
    // Chosen on the validation part, a standard error above, so that the test part decides nothing.
    const enough = accuracy + Math.sqrt((accuracy * (1 - accuracy)) / 5000);
    const found = all.filter(({ validation }) => validation.value >= enough).toSorted((a, b) => a.bytes - b.bytes)[0];
    if (!found) return [width, percent(accuracy), kb(bytes), 'none', '–'];
    return [
      width,
      percent(accuracy),
      kb(bytes),
      `${percent(found.test.value)}% in ${kb(found.bytes)} KB`,
      `${(found.bytes / bytes).toFixed(2)}`,
    ];
  });
  const text = [
    table([head, ...rows]),
    '',
    table([['width', "survey's recipe, int8, %", 'KB', 'smallest model that is as good', 'of its bytes'], ...smaller]),
    '',
    `Every model above was trained for at most ${epochs} epochs, as the survey's were. The teacher, ${teacher.label === 'original' ? 'a `fast-cnn`' : teacher.label} of ${(teacher.macs / 1e6).toFixed(0)} M multiply-accumulates, reaches ${percent(teacher.test.value)}%.`,
  ].join('\n');
  writePart('docs/survey.md', 'beat', text);
}

function points(difference) {
  return `${difference < 0 ? '−' : '+'}${percent(Math.abs(difference))}`;
}

function kb(bytes) {
  return (bytes / 1000).toFixed(1);
}
