// The survey's network on CIFAR-10: does it train well, and does a teacher help a small student?
//
//   npm run study:cifar10 -- --data DIR [--epochs 15] [--student-epochs 8] [--seeds 3] [--work .espalier/cifar10]
//
// DIR holds train.tar and test.tar, or train/ and test/, with one folder of images per class. Takes about an hour on two cores. Killed, the same
// command goes on from the last epoch. Results: examples/results/cifar10.json. The test part is read once per finished file.
import { studyFlags } from './support/flags.mjs';
import { percent } from './support/page.mjs';
import { Study } from './survey/study.mjs';

const flags = studyFlags({
  epochs: { type: 'string', default: '15' },
  'student-epochs': { type: 'string', default: '8' },
  seeds: { type: 'string', default: '3' },
  work: { type: 'string', default: '.espalier/cifar10' },
  results: { type: 'string', default: 'examples/results/cifar10.json' },
  only: { type: 'string', default: 'all' },
});
/** How the teacher is listened to, chosen on the validation part. */
const TEACHING = { temperature: 1, weight: 0.7 };
const options = {
  epochs: Number(flags.epochs),
  learningRate: 0.006,
  batchSize: 128,
  augment: [{ name: 'flip' }, { name: 'crop', pixels: 2, padding: 'reflect' }],
};
const study = await Study.open({ data: flags.data, work: flags.work, results: flags.results, options });

async function run(request) {
  const record = await study.model(request);
  console.log(
    `${record.id}: test accuracy ${percent(record.float.test)}%, int8 ${percent(record.int8.test)}% in ${record.int8.bytes} bytes`,
  );
  return record;
}

await run({ id: 'width-0.25', width: 0.25, seed: 0 });
if (flags.only === 'all') {
  const teacher = await run({ id: 'width-1', width: 1, seed: 0 });
  await study.file(teacher);
  const shorter = { epochs: Number(flags['student-epochs']) };
  const gains = [];
  for (let seed = 0; seed < Number(flags.seeds); seed++) {
    // Side by side, a thread each: small nets have too little to do for several.
    const student = { width: 0.1, seed, options: shorter, threads: 1 };
    const [alone, taught] = await Promise.all([
      run({ ...student, id: `width-0.1-seed-${seed}` }),
      run({ ...student, id: `width-0.1-seed-${seed}-taught`, teacher: teacher.id, options: { ...shorter, ...TEACHING } }),
    ]);
    gains.push(taught.float.test - alone.float.test);
  }
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  console.log(
    `A teacher gives width 0.1 ${gains.map((gain) => (100 * gain).toFixed(2)).join(', ')} points (seed by seed), ${(100 * mean).toFixed(2)} in the mean.`,
  );
}
await study.close();
