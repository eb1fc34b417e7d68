// Makes assets/gains.json, which `espalier advise` reads, of the results of bench/techniques.mjs, and the table of docs/advise.md:
//   node bench/techniques/gains.mjs [--results FILE] [--shared FOLDER]
// For each way the logarithms of size and time, and the dB of the worst output, are fitted by the mean or a straight line over one feature of the graph,
// whichever predicts models best that are left out. The error that is stated is that of predictions of models that had no part in the fit nor in that choice.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel, modelBytes } from 'espalier/onnx/node';
import { GAINS_SCHEMA, seenIn } from 'espalier/strategies';
import { putPart } from '../../examples/support/page.mjs';
import { modelsOf, waysOf } from './ways.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    results: { type: 'string', default: join(root, 'examples', 'results', 'techniques.json') },
    shared: { type: 'string', default: join(root, '..', 'shared') },
  },
});
/** Too few models say nothing. */
const LEAST_MODELS = 6;
/** dB of what is the same, or all but so. */
const SAME = 100;
const FEATURES = ['weightShare', 'recurrentShare', 'convolutionShare', 'macs', 'bytes'];

const known = JSON.parse(readFileSync(values.results, 'utf8'));
const features = new Map(modelsOf(values.shared).map(({ name, path }) => [name, seenIn(loadModel(path), modelBytes(path)).features]));
const models = Object.keys(known).filter((name) => features.has(name));
const ways = Object.fromEntries(waysOf().flatMap((way) => gainOf(way) ?? []));
writeFileSync(join(root, 'assets', 'gains.json'), `${JSON.stringify({ schema: GAINS_SCHEMA, models: models.length, ways }, null, 1)}\n`);
writePage(ways);

function gainOf({ way, technique, options, data, trains }) {
  if (!technique) return undefined;
  const runs = models.map((name) => ({ name, run: known[name].runs[way] })).filter(({ run }) => run);
  const written = runs.filter(({ run }) => run.outcome === 'written');
  if (written.length < LEAST_MODELS) return undefined;
  const points = (of) =>
    written.flatMap(({ name, run }) => {
      const y = of(run);
      return Number.isFinite(y) ? [{ features: features.get(name), y }] : [];
    });
  const noise = points(({ worst, sqnr }) => (worst === 'identical' ? SAME : Math.min(SAME, sqnr ?? Number.NaN)));
  return [
    [
      way,
      {
        technique,
        options,
        needsData: data,
        trains,
        tried: runs.length,
        written: written.length,
        refused: runs.filter(({ run }) => run.outcome === 'refused').length,
        failsOnWeb: written.filter(({ run }) => run.web === 'fails').length,
        size: fitted(points(({ size }) => Math.log(size))),
        time: fitted(points(({ time }) => Math.log(time?.[0]))),
        ...(noise.length >= LEAST_MODELS && { fidelity: fitted(noise) }),
      },
    ],
  ];
}

/** The best line, and what four of five left-out models were within. */
function fitted(points) {
  const errors = points.map((point) => {
    const others = points.filter((other) => other !== point);
    return Math.abs(point.y - predicted(best(others), point.features));
  });
  const error = errors.toSorted((a, b) => a - b)[Math.min(errors.length - 1, Math.ceil(0.8 * errors.length) - 1)];
  const { feature, intercept, slope } = best(points);
  return { ...(feature && { feature }), intercept: round(intercept), slope: round(slope), error: round(error), models: points.length };
}

/** The mean, or the line over the feature, with the least squared error of points left out. */
function best(points) {
  const ranked = [undefined, ...FEATURES].map((feature) => {
    const loss = points.reduce((sum, point) => {
      const others = points.filter((other) => other !== point);
      return sum + (point.y - predicted(line(others, feature), point.features)) ** 2;
    }, 0);
    return { feature, loss };
  });
  return line(points, ranked.reduce((a, b) => (b.loss < a.loss ? b : a)).feature);
}

function line(points, feature) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const middle = mean(({ y }) => y);
  if (!feature) return { intercept: middle, slope: 0 };
  const center = mean((point) => point.features[feature]);
  const spread = mean((point) => (point.features[feature] - center) ** 2);
  if (spread < 1e-9) return { intercept: middle, slope: 0 };
  const slope = mean((point) => (point.features[feature] - center) * (point.y - middle)) / spread;
  return { feature, intercept: middle - slope * center, slope };
}

function predicted({ feature, intercept, slope }, seen) {
  return intercept + (feature ? slope * seen[feature] : 0);
}

function round(number) {
  return Number(number.toPrecision(5));
}

function writePage(ways) {
  const factor = ({ error, feature, models: count }) =>
    `within ${Math.exp(error).toFixed(2)} times, by ${feature ?? 'the mean'}, ${count} models`;
  const rows = Object.entries(ways).map(
    ([way, { size, time, fidelity, tried, written }]) =>
      `| ${way} | ${written} of ${tried} | ${factor(size)} | ${factor(time)} | ${fidelity ? `within ${fidelity.error.toFixed(0)} dB, by ${fidelity.feature ?? 'the mean'}` : ''} |`,
  );
  const table = ['| way | written | file | time | worst output |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
  const page = join(root, 'docs', 'advise.md');
  putPart(page, 'errors', table);
}
