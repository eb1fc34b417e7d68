// The experiment of the survey "Efficient Deep Learning" (Menghani 2021): its network on CIFAR-10 at several widths, plain, with augmentation, and
// with distillation from a wide teacher on top; each in float and in int8.
//
//   npm run reproduce:survey -- --data DIR [--widths 0.05,0.1,0.25,0.5] [--epochs 10] [--teacher 2] [--seeds 3] [--budget 150] [--jobs 2]
//
// DIR holds train.tar and test.tar, or train/ and test/, with one folder of images per class. Long: hours on two cores. Killed, or over its
// --budget (in minutes), the same command goes on from the last epoch. What is measured is in examples/results/survey.json, one record per model, which
// is not trained again; docs/survey.md is written from it (--report does only that). The test part is read once per finished file.
import { availableParallelism } from 'node:os';
import { Stopped } from 'espalier';
import { studyFlags } from './support/flags.mjs';
import { percent } from './support/page.mjs';
import { writeReport } from './survey/report.mjs';
import { Study } from './survey/study.mjs';

const flags = studyFlags(
  {
    widths: { type: 'string', default: '0.05,0.1,0.25,0.5' },
    epochs: { type: 'string', default: '10' },
    teacher: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '3' },
    budget: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    work: { type: 'string', default: '.espalier/survey' },
    results: { type: 'string', default: 'examples/results/survey.json' },
  },
  writeReport,
);
/** Widths up to this one are trained with several seeds: small nets differ most from seed to seed, and cost least. */
const SMALL = 0.1;
const widths = flags.widths.split(',').map(Number);
const seedsOf = (width) => Array.from({ length: width <= SMALL ? Number(flags.seeds) : 1 }, (_, seed) => seed);
const augment = [{ name: 'flip' }, { name: 'crop', pixels: 3 }];
const teacher = { id: `teacher-${flags.teacher}`, width: Number(flags.teacher), seed: 0, options: { augment } };

/** How the teacher is listened to: chosen by validation on another seed and a shorter schedule (docs/measurements.md). */
const distillation = { temperature: 1, weight: 0.7 };

// The teacher comes first: while one trains it, others train what needs none.
const requests = [
  teacher,
  ...widths.flatMap((width) =>
    seedsOf(width).flatMap((seed) => [
      { id: `plain-${width}-${seed}`, width, seed },
      { id: `augmented-${width}-${seed}`, width, seed, options: { augment } },
    ]),
  ),
  ...widths.flatMap((width) =>
    seedsOf(width).map((seed) => ({
      id: `distilled-${width}-${seed}`,
      width,
      seed,
      teacher: teacher.id,
      options: { augment, ...distillation },
    })),
  ),
];

const stop = new AbortController();
if (flags.budget) setTimeout(() => stop.abort(), Number(flags.budget) * 60_000).unref();
process.once('SIGINT', () => stop.abort());
const jobs = Number(flags.jobs);
const study = await Study.open({
  data: flags.data,
  work: flags.work,
  results: flags.results,
  threads: Math.max(1, Math.floor(availableParallelism() / jobs)),
  options: { epochs: Number(flags.epochs), learningRate: 0.006, batchSize: 128 },
  signal: stop.signal,
});
try {
  await runAll();
  writeReport(flags.results);
} catch (error) {
  if (!(error instanceof Stopped)) throw error;
  console.error(`Stopped with ${study.records.length} of ${requests.length} models done: the same command goes on.`);
}
await study.close();

/** So many models at a time, in order; those that are taught wait for their teacher. */
async function runAll() {
  const waiting = requests.filter(({ id }) => !study.find(id));
  let taught;
  const worker = async () => {
    for (let request = waiting.shift(); request; request = waiting.shift()) {
      if (request.id === teacher.id || request.teacher) {
        taught ??= teach();
        await taught;
      }
      if (request.id === teacher.id) continue;
      say(await study.model(request));
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/** The teacher's record and its file, which is not committed. */
async function teach() {
  say(await study.model(teacher));
  await study.file(teacher);
}

function say({ id, float, int8 }) {
  console.log(`${id}: test accuracy ${percent(float.test)}%, int8 ${percent(int8.test)}% in ${(int8.bytes / 1000).toFixed(1)} KB`);
}
