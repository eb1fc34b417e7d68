// Writes the part of docs/survey.md that compares the models of beat-survey.mjs with the survey's own recipe, as reproduced, and its picture.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { percent, table, writePart } from '../support/page.mjs';
import { chart } from './figure.mjs';
import { mean, PUBLISHED } from './report.mjs';

export function writeBeatReport(results, reproduced = 'examples/results/survey.json') {
  const { sizes, teacher, epochs, validated } = JSON.parse(readFileSync(results, 'utf8'));
  const baselines = existsSync(reproduced) ? baselinesOf(JSON.parse(readFileSync(reproduced, 'utf8')).records) : [];
  const models = Object.values(sizes)
    .flatMap((size) => size.models)
    .filter((model) => model.epochs <= epochs);
  const trials = Object.values(sizes).reduce((sum, { trials: { finished } }) => sum + finished, 0);
  const text = [
    atTheSizes(models, baselines),
    '',
    inAQuarter(models, baselines, validated),
    '',
    'In brackets: a model that another one of its search beat in size and quality, measured on the validation part only.',
    '',
    '![accuracy against file size: the recipe of the survey, and the models found](images/beat.svg)',
    '',
    `${trials} models were trained, each for at most ${epochs} epochs, as the survey's were. The teacher, a \`fast-cnn\` of ${(teacher.macs / 1e6).toFixed(0)} M multiply-accumulates trained for as many, reaches ${percent(teacher.test.value)}%.`,
  ].join('\n');
  writePart('docs/survey.md', 'beat', text);
  writeFileSync('docs/images/beat.svg', picture(models, baselines, epochs));
}

/** The survey's full recipe at each of its widths: int8 accuracy in shares, bytes here, and the bytes that were published. */
function baselinesOf(records) {
  return Object.entries(PUBLISHED).flatMap(([width, { bytes: published }]) => {
    const taught = records.filter((record) => record.id.startsWith('distilled') && record.width === Number(width));
    if (taught.length === 0) return [];
    return [{ width, bytes: taught[0].int8.bytes, accuracy: mean(taught, 'int8'), published }];
  });
}

function atTheSizes(models, baselines) {
  const head = [
    'size',
    'best model within it',
    'KB',
    'M MACs',
    'test, %',
    "survey's recipe there, int8, %",
    'points above',
    'best int8, one look: KB',
    'test, %',
    'points above',
  ];
  const rows = baselines.map(({ published, accuracy }) => {
    const within = models.filter(({ bytes }) => bytes <= published);
    const [found, usual] = [best(within.filter(({ test }) => test)), best(within.filter(isUsual))];
    const [low, high] = found?.test.interval ?? [];
    return [
      `${kb(published)} KB`,
      ...(found
        ? [
            found.label,
            kb(found.bytes),
            (found.macs / 1e6).toFixed(1),
            `${percent(found.test.value)} (${percent(low)} to ${percent(high)})`,
          ]
        : ['none', '–', '–', '–']),
      percent(accuracy),
      found ? points(found.test.value - accuracy) : '–',
      ...(usual
        ? [
            kb(usual.bytes),
            ...(usual.test
              ? [percent(usual.test.value), points(usual.test.value - accuracy)]
              : [`(${percent(usual.validation.value)})`, '–']),
          ]
        : ['–', '–', '–']),
    ];
  });
  return table([head, ...rows]);
}

/** By what models are chosen by. */
function best(models) {
  return models.toSorted((a, b) => b.validation.value - a.validation.value)[0];
}

/** As the survey's files are: weights of 8 bits, and no second look. */
function isUsual({ recipe }) {
  return recipe.every(({ technique, options }) => !['mirror', 'flip-ensemble'].includes(technique) && options.weightType !== 'int4');
}

/** @param validated images that models are chosen by. */
function inAQuarter(models, baselines, validated) {
  const head = [
    'width',
    "survey's recipe, int8, %",
    'KB',
    'best model in a quarter of that',
    'KB',
    'test, %',
    'points above',
    'smallest model that is as good, KB',
    'of its bytes',
  ];
  const tested = models.filter(({ test }) => test);
  const rows = baselines.map(({ width, accuracy, bytes }) => {
    const quarter = best(tested.filter((model) => 4 * model.bytes <= bytes));
    // Chosen on the validation part, a standard error above, so that the test part decides nothing.
    const enough = accuracy + Math.sqrt((accuracy * (1 - accuracy)) / validated);
    const asGood = tested.filter(({ validation }) => validation.value >= enough).toSorted((a, b) => a.bytes - b.bytes)[0];
    return [
      width,
      percent(accuracy),
      kb(bytes),
      ...(quarter
        ? [quarter.label, kb(quarter.bytes), percent(quarter.test.value), points(quarter.test.value - accuracy)]
        : ['none', '–', '–', '–']),
      ...(asGood ? [`${kb(asGood.bytes)} (${percent(asGood.test.value)}%)`, (asGood.bytes / bytes).toFixed(2)] : ['none', '–']),
    ];
  });
  return table([head, ...rows]);
}

/** The models that no smaller one equals, by what they were chosen by, and the survey's recipe. */
function picture(models, baselines, epochs) {
  const bySize = models.filter(({ test }) => test).toSorted((a, b) => a.bytes - b.bytes);
  const front = bySize.filter((model, i) => bySize.slice(0, i).every(({ validation }) => validation.value < model.validation.value));
  return chart(`${epochs} epochs on CIFAR-10: accuracy against size`, [
    { name: "survey's recipe", color: '#8d9a93', points: baselines.map(({ bytes, accuracy }) => ({ bytes, accuracy: 100 * accuracy })) },
    { name: 'models found', color: '#00795a', points: front.map(({ bytes, test }) => ({ bytes, accuracy: 100 * test.value })) },
  ]);
}

function points(difference) {
  return `${difference < 0 ? '−' : '+'}${percent(Math.abs(difference))}`;
}

function kb(bytes) {
  return (bytes / 1000).toFixed(1);
}
