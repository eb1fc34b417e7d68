// How well a processor's model, fitted to small layers that are timed on this machine, says how long layers of real models take here.
//   npm run bench:hardware [calibrated.json]      writes the table of docs/hardware.md
// The layers that are judged are those of ../shared/models; none of them is among those that it was fitted to. A last row says how well it does where it is
// fitted to the layers of all other models, too.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inventedShapes, runnableInputs } from 'espalier/diagnosis';
import { cpuModel, fitCosts, footprint, makeFeeds, quantile } from 'espalier/hardware';
import { allSamples, modelOfSamples, timeLayers, timeSamples } from 'espalier/hardware/node';
import { Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { createNodeRuntime } from 'espalier/runtime/node';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '..', 'shared', 'models');
const ROUNDS = 3;
const [given] = process.argv.slice(2);

const runtime = createNodeRuntime({ threads: 1 });
const onProgress = ({ done, total }) => process.stderr.write(`\r${done} of ${total} `);
const samples = given ? [] : await timeSamples(runtime, allSamples(), { onProgress });
const modelOf = (timed, source) => cpuModel({ kind: 'cpu', name: 'here', title: 'here', source, threads: 1, ...fitCosts(timed) });
const model = given
  ? cpuModel(JSON.parse(readFileSync(given, 'utf8')))
  : modelOf(samples, `Fitted to ${samples.length} times of small layers`);

/** Layers that were timed for the fit: those of the same operator and sizes are not judged. */
const sizesOf = ({ op, inputs, outputs }) => JSON.stringify([op, inputs, outputs]);
const fitted = new Set(allSamples().flatMap((sample) => footprint(modelOfSamples([sample]), { bytes: 0 }).layers.map(sizesOf)));

/** What a model cannot guess of its inputs. */
const KNOWN = { 'silero_vad_v6.onnx': { sr: Tensor.scalar('int64', 16000) } };

/** Layers of a model with the quickest of several rounds of timing. */
async function timed(file) {
  const loaded = loadModel(join(folder, file));
  const inputShapes = inventedShapes(loaded, await runnableInputs(loaded, runtime, {}));
  const feeds = { ...makeFeeds(loaded, { inputShapes }), ...KNOWN[file] };
  return timeLayers(loaded, runtime, { feeds, runs: 30, rounds: ROUNDS });
}

const ranksOf = (values) => {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j < order.length && order[j].value === order[i].value) j++;
    for (let k = i; k < j; k++) ranks[order[k].index] = (i + j - 1) / 2;
    i = j;
  }
  return ranks;
};

/** Spearman's rank correlation, equal values sharing their mean rank. */
function correlation(a, b) {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const mean = (x.length - 1) / 2;
  const sum = (f) => x.reduce((total, _, i) => total + f(x[i] - mean, y[i] - mean), 0);
  return sum((u, v) => u * v) / Math.sqrt(sum((u) => u * u) * sum((_, v) => v * v));
}

function judge(pairs) {
  const [estimated, measured] = [pairs.map(([e]) => e), pairs.map(([, m]) => m)];
  const errors = pairs.map(([e, m]) => Math.abs(e / m - 1));
  const total = (values) => values.reduce((a, b) => a + b, 0);
  return { rank: correlation(estimated, measured), error: quantile(errors, 0.5), whole: total(estimated) / total(measured) };
}

const all = [];
const rows = [];
const layersOf = new Map();
const isJudged = ({ layer }) => !fitted.has(sizesOf(layer));
for (const file of existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.onnx')) : []) {
  try {
    const { layers, rest } = await timed(file);
    layersOf.set(file, layers);
    const pairs = layers.filter(isJudged).map(({ layer, seconds, before }) => [model.layer(layer, before).seconds, seconds]);
    all.push(...pairs);
    const own = pairs.reduce((sum, [, seconds]) => sum + seconds, 0);
    const { rank, error, whole } = judge(pairs);
    rows.push([
      file,
      pairs.length,
      (1000 * own).toFixed(2),
      `${((100 * rest) / (own + rest)).toFixed(0)}%`,
      layers.length < 10 ? '–' : rank.toFixed(3),
      `${(100 * error).toFixed(0)}%`,
      whole.toFixed(2),
    ]);
  } catch (error) {
    rows.push([file, '–', '–', '–', '–', '–', error.message.slice(0, 80)]);
  }
  console.error(rows.at(-1).join('  '));
}
await runtime.dispose();

const { rank, error, whole } = judge(all);
rows.push(['**all**', all.length, '', '', `**${rank.toFixed(3)}**`, `**${(100 * error).toFixed(0)}%**`, whole.toFixed(2)]);
function addRow(name, pairs) {
  const { rank, error, whole } = judge(pairs);
  rows.push([name, pairs.length, '', '', rank.toFixed(3), `${(100 * error).toFixed(0)}%`, whole.toFixed(2)]);
}
addRow(
  'those of 10 µs or more',
  all.filter(([, seconds]) => seconds >= 10e-6),
);
if (samples.length > 0) {
  const leftOut = [...layersOf].flatMap(([file, layers]) => {
    const others = [...layersOf].flatMap(([name, each]) => (name === file ? [] : each));
    const { layer: estimate } = modelOf([...samples, ...others], '');
    return layers.filter(isJudged).map(({ layer, seconds, before }) => [estimate(layer, before).seconds, seconds]);
  });
  addRow('all, fitted to the other models, too', leftOut);
}
const table = [
  `${cpus()[0]?.model.trim()}, one thread, ${model.source.toLowerCase().replace(' taken on it by espalier estimate --calibrate', '')}:`,
  '',
  '| model | layers | ms | in other kernels | rank correlation | median error | estimated ÷ measured |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...rows.map((row) => `| ${row.join(' | ')} |`),
].join('\n');
const page = join(root, 'docs', 'hardware.md');
const text = readFileSync(page, 'utf8');
const [start, end] = ['<!-- bench:hardware -->', '<!-- /bench:hardware -->'];
writeFileSync(page, `${text.slice(0, text.indexOf(start) + start.length)}\n${table}\n${text.slice(text.indexOf(end))}`);
console.log(table);
