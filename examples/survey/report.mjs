// Writes docs/survey.md's tables and its picture from the results of the study.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { percent, table, writePart } from '../support/page.mjs';
import { chart } from './figure.mjs';
import { unpacked } from './study.mjs';

/** The survey's own figures on the original CIFAR-10, in percent and KB: width -> float and int8 of each variant, and the int8 file. */
export const PUBLISHED = {
  0.05: { plain: [70.17, 69.9], augmented: [71.71, 71.72], distilled: [72.89, 72.7], bytes: 26_700 },
  0.1: { plain: [75.93, 75.98], augmented: [78.22, 78.19], distilled: [78.93, 78.55], bytes: 38_300 },
  0.25: { plain: [80.6, 80.76], augmented: [84.14, 83.98], distilled: [84.51, 84.18], bytes: 110_800 },
  0.5: { plain: [83.04, 83.0], augmented: [87.47, 87.32], distilled: [88.03, 87.86], bytes: 359_000 },
  0.75: { plain: [83.79, 83.6], augmented: [89.06, 88.57], distilled: [89.51, 89.29], bytes: 767_000 },
  1: { plain: [84.42, 84.52], augmented: [89.41, 89.28], distilled: [89.92, 89.91], bytes: 1_334_000 },
};
const VARIANTS = ['plain', 'augmented', 'distilled'];

/** Images of the test part. */
const TESTED = 10_000;

export function writeReport(results) {
  const { machine, options, records } = JSON.parse(readFileSync(results, 'utf8'));
  const cells = new Map();
  for (const record of records) {
    const variant = VARIANTS.find((name) => record.id.startsWith(name));
    if (!variant) continue;
    const key = `${variant} ${record.width}`;
    cells.set(key, [...(cells.get(key) ?? []), record]);
  }
  const widths = [...new Set(records.filter(({ id }) => !id.startsWith('teacher')).map(({ width }) => width))].sort((a, b) => a - b);
  const teacher = records.find(({ id }) => id.startsWith('teacher'));
  const text = [
    accuracies(widths, cells),
    '',
    effects(widths, cells),
    '',
    `Every model: ${options.epochs} epochs of Adam, one-cycle to ${options.learningRate}, batches of ${options.batchSize}; 44,500 images to learn from, 5,000 to choose by, 500 to calibrate with, ${TESTED.toLocaleString('en')} to test on, once per file.`,
    ...(teacher
      ? [
          `The teacher: width ${teacher.width}, ${percent(teacher.float.test)}% in float. ${minutes(records)} minutes of training in all; ${machine.processor}, ${machine.cores} cores, Node ${machine.node}.`,
        ]
      : []),
  ].join('\n');
  writePart('docs/survey.md', 'results', text);
  mkdirSync('docs/images', { recursive: true });
  writeFileSync('docs/images/survey.svg', picture(widths, cells));
}

const COLORS = { plain: '#8d9a93', augmented: '#0067a5', distilled: '#00795a' };

/** Each variant's int8 files, and the survey's own figures dashed. */
function picture(widths, cells) {
  const here = (variant) =>
    widths.filter((width) => cells.has(`${variant} ${width}`)).map((width) => int8Point(cells.get(`${variant} ${width}`)));
  const published = (variant) =>
    widths.filter((width) => PUBLISHED[width]).map((width) => ({ bytes: PUBLISHED[width].bytes, accuracy: PUBLISHED[width][variant][1] }));
  return chart("The survey's network on CIFAR-10: int8 accuracy against size", [
    ...VARIANTS.map((variant) => ({ color: COLORS[variant], dashed: true, points: published(variant) })),
    ...VARIANTS.map((variant) => ({ name: variant, color: COLORS[variant], points: here(variant) })),
    { name: 'published, on the', note: 'original images', color: '#55645c', dashed: true, points: [] },
  ]);
}

/** Of one width's models, from several seeds. */
function int8Point(records) {
  return { bytes: records[0].int8.bytes, accuracy: 100 * mean(records, 'int8') };
}

function accuracies(widths, cells) {
  const head = ['width', ...VARIANTS.map((name) => `${name}, float`), ...VARIANTS.map((name) => `${name}, int8`), 'int8 file', 'seeds'];
  const rows = widths.map((width) => {
    const of = (variant) => cells.get(`${variant} ${width}`);
    const shown = (kind) => VARIANTS.map((variant) => (of(variant) ? `${percent(mean(of(variant), kind))}` : '–'));
    const any = of('distilled') ?? of('augmented') ?? of('plain');
    return [width, ...shown('float'), ...shown('int8'), `${(any[0].int8.bytes / 1000).toFixed(1)} KB`, any.length];
  });
  return table([head, ...rows]);
}

/** What each change is worth in points. */
function effects(widths, cells) {
  const head = ['width', 'augmentation', 'distillation on top', 'int8 of the last'];
  const rows = widths.map((width) => {
    const [plain, augmented, distilled] = VARIANTS.map((variant) => cells.get(`${variant} ${width}`));
    const last = distilled ?? augmented ?? plain;
    return [
      width,
      difference(plain, 'float', augmented, 'float'),
      difference(augmented, 'float', distilled, 'float'),
      difference(last, 'float', last, 'int8'),
    ];
  });
  return table([head, ...rows]);
}

/**
 * The difference between two cells, each a mean over seeds, and its 95% interval, image by image: both were measured on the same test images, and where
 * they agree there is nothing to be uncertain of. The interval is that of other test images, not of other seeds.
 */
function difference(from, kindFrom, to, kindTo) {
  if (!from || !to) return '–';
  const [a, b] = [rightShares(from, kindFrom), rightShares(to, kindTo)];
  const gain = b.reduce((sum, share, i) => sum + share - a[i], 0) / TESTED;
  const variance = b.reduce((sum, share, i) => sum + (share - a[i] - gain) ** 2, 0) / (TESTED - 1);
  return `${gain >= 0 ? '+' : '−'}${percent(Math.abs(gain))} ± ${percent(1.96 * Math.sqrt(variance / TESTED))}`;
}

/** For each test image the share of the seeds whose model has it right. */
function rightShares(records, kind) {
  const shares = new Float64Array(TESTED);
  for (const record of records) {
    const bits = unpacked(record[kind].correct);
    for (let i = 0; i < TESTED; i++) shares[i] += bits[i] / records.length;
  }
  return shares;
}

export function mean(records, kind) {
  return records.reduce((sum, record) => sum + record[kind].test, 0) / records.length;
}

function minutes(records) {
  return Math.round(records.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
}
