// Spoken digits: how well a keyword model of at most 30 KB knows speakers that it has heard, and one that it has not.
//
//   npm run study:fsdd -- --data DIR [--threads 1] [--only official,george]
//
// DIR holds the Free Spoken Digit Dataset (3,000 recordings of 6 speakers, https://github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0): its
// recordings/ folder or recordings.tar, of files called digit_speaker_take.wav. Two arms (examples/fsdd/recipe.mjs): a plain DS-CNN without augmentation,
// and the recipe. Each is trained on the official split (takes 0 to 4 of every digit and speaker are the test part) and with each speaker left out,
// quantized to int8 and measured once on the test part from the file. The recipe was chosen with jackson kept out (--validate SPEAKER): his own
// column is no clean test of it, the others are. A run that is killed goes on where it stopped, with the record that was under way. Results: examples/results/fsdd.json.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  architecture,
  createNodeRuntime,
  createTask,
  encodeModel,
  evaluate,
  footprint,
  loadModel,
  minifyModel,
  openDataset,
  quantize,
  saveModel,
  train,
} from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { channelStatistics, scaling, subset } from 'espalier/data';
import { checkOptions } from 'espalier/technique';
import { ARMS, EPOCHS, SECONDS, WIDTH } from './fsdd/recipe.mjs';
import { writeReport } from './fsdd/report.mjs';
import { studyFlags } from './support/flags.mjs';
import { thisMachine } from './support/machine.mjs';
import { percent } from './support/page.mjs';

const flags = studyFlags(
  {
    threads: { type: 'string', default: '1' },
    work: { type: 'string', default: '.espalier/fsdd' },
    results: { type: 'string', default: 'examples/results/fsdd.json' },
    only: { type: 'string' },
    validate: { type: 'string' },
  },
  writeReport,
);
const threads = Number(flags.threads);
const runtime = createNodeRuntime({ threads });
const { train: digits } = await openDataset(flags.data, { label: '{label}_*', seconds: SECONDS });
// The same recordings in the same order, with what else their names say.
const speakers = await labels('*_{label}_*');
const takes = await labels('*_*_{label}');
const names = [...new Set(speakers)];
const machine = { ...thisMachine(), threads };
const study = readResults();
mkdirSync(flags.work, { recursive: true });

const units = flags.validate
  ? Object.keys(ARMS).map((arm) => ({ split: `${names.find((name) => name !== flags.validate)} with ${flags.validate} kept out`, arm }))
  : ['official', ...names].flatMap((split) => Object.keys(ARMS).map((arm) => ({ split, arm })));
const wanted = units.filter(({ split, arm }) => !isDone(split, arm) && (!flags.only || flags.only.split(',').includes(split)));
const clock = { done: 0, total: wanted.reduce((sum, { split }) => sum + epochsOf(split), 0), start: performance.now() };
for (const unit of wanted) await keep(await run(unit));
await runtime.dispose();
if (!flags.validate) writeReport(flags.results);

function epochsOf(split) {
  return split === 'official' ? EPOCHS.official : EPOCHS.leftOut;
}

async function labels(pattern) {
  const { train, close } = await openDataset(flags.data, { label: pattern, seconds: SECONDS });
  await close();
  return Array.from(train.targets.values, (value) => train.targets.classes[value]);
}

/** Which recordings a model learns from, and which it is measured on. */
function partsOf(split) {
  const pick = (isWanted) => Int32Array.from({ length: digits.size }, (_, i) => i).filter(isWanted);
  if (flags.validate) {
    const left = split.split(' ')[0];
    return {
      learn: pick((i) => speakers[i] !== left && speakers[i] !== flags.validate),
      test: pick((i) => speakers[i] === flags.validate),
    };
  }
  const isTest = (i) => (split === 'official' ? Number(takes[i]) < 5 : speakers[i] === split);
  return { learn: pick((i) => !isTest(i)), test: pick(isTest) };
}

async function run({ split, arm }) {
  const started = performance.now();
  const { frontEnd, training } = ARMS[arm];
  const { learn, test } = partsOf(split);
  const source = {
    name: split,
    format: digits.name,
    train: subset(digits, learn),
    test: subset(digits, test),
    close: async () => undefined,
  };
  const prepare = { ...frontEnd, samples: digits.inputs[0].shape[0] };
  const statistics = await channelStatistics(source.train, { prepare, atMost: 1000 });
  const shape = [1, 1 + Math.floor(prepare.samples / prepare.hop), prepare.nMels];
  const preprocess = { name: arm, prepare, layout: 'as-is', shape, ...scaling('dataset', [0, 1], statistics) };
  const model = architecture('ds-cnn').build({ input: shape, classes: 10, width: WIDTH });
  // A tenth of the training part tells quantization which layers to leave in float.
  const { task } = await createTask(model, source, runtime, { untrained: true, preprocess, splits: { validation: 0.1, calibration: 200 } });
  const onEpoch = ({ epoch, loss, accuracy }) => {
    const left = ((performance.now() - clock.start) / ++clock.done) * (clock.total - clock.done);
    const facts = `loss ${loss.toFixed(3)}, training accuracy ${percent(accuracy)}%`;
    console.log(`${split}, ${arm}: epoch ${epoch} of ${epochsOf(split)}, ${facts}; ${(left / 60_000).toFixed(1)} minutes left in all`);
  };
  const { model: trained } = await train({
    model,
    task,
    runtime,
    threads,
    options: { ...training, epochs: epochsOf(split), evaluateEvery: 0 },
    onEpoch,
  });
  const context = { model: trained, task, runtime, threads, seed: 0 };
  const { model: int8 } = await quantize.apply(context, checkOptions(quantize, { sensitivity: false }));
  const small = minifyModel(int8);
  const measure = async (each) => (await evaluate(each, task, runtime, { split: 'test', threads })).value;
  const file = join(flags.work, `${split}-${arm}.onnx`);
  await saveModel(small, file);
  const { macs, parameters } = footprint(trained);
  return {
    split,
    arm,
    accuracy: await measure(loadModel(file)),
    float: await measure(trained),
    tested: test.length,
    bytes: encodeModel(small).byteLength,
    parameters,
    macs,
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

function readResults() {
  const fresh = { machine, recipe: { ARMS, EPOCHS, SECONDS, WIDTH }, records: [] };
  if (!existsSync(flags.results) || flags.validate) return fresh;
  const found = JSON.parse(readFileSync(flags.results, 'utf8'));
  if (JSON.stringify(found.recipe) === JSON.stringify(fresh.recipe)) return found;
  throw new Error(`${flags.results} is of another recipe. Name another file with --results, or remove it.`);
}

function isDone(split, arm) {
  return study.records.some((record) => record.split === split && record.arm === arm);
}

async function keep(record) {
  study.records.push(record);
  console.log(
    `${record.split}, ${record.arm}: ${percent(record.accuracy)}% in int8 (${percent(record.float)}% in float), ${record.bytes} bytes`,
  );
  if (flags.validate) return;
  mkdirSync(dirname(flags.results), { recursive: true });
  await writeFileAtomic(flags.results, `${JSON.stringify(study, null, 1)}\n`);
}
