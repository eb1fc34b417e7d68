import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DataError, EspalierError, OptionError, type ProgressEvent, Stopped } from 'espalier/base';
import { arrayDataset, classTargets, type Dataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, type Tensor } from 'espalier/onnx';
import { classification, type EpochRecord, evaluate, type TrainOptions, type TrainRequest, train } from 'espalier/training';
import { InputClock } from '#dist/training/input-clock.js';
import { balancedView } from '#dist/training/sampling.js';
import { classesOf } from '../data/support.js';
import { clusters, differences, plainTask, smallMlp, weightsOf } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const task = plainTask({ train: clusters({ size: 96 }), validation: clusters({ size: 48, seed: 2 }) });
const model = smallMlp();

function run(options: TrainOptions, more: Partial<TrainRequest> = {}) {
  return train({ model, task, runtime, options: { epochs: 3, batchSize: 32, learningRate: 0.01, ...options }, ...more });
}

test('training lowers the loss, raises the quality, and leaves the given model alone', async () => {
  const before = copyModel(model);
  const { history, model: trained, parameters } = await run({ epochs: 15 });
  assert.ok(history[14].loss < history[0].loss / 2, `${history[0].loss} to ${history[14].loss}`);
  assert.deepEqual(differences(model, before), []);
  assert.deepEqual([...parameters].sort(), ['first.bias', 'first.weight', 'second.bias', 'second.weight']);
  const { value } = await evaluate(trained, task, runtime);
  assert.equal(value, history[14].quality);
  assert.ok(value > 0.85, `${value}`);
});

test('the same seed gives the same bytes, another seed others', async () => {
  const dropping = { model: smallMlp({ dropout: 0.5 }) };
  const [a, b, c] = [await run({ seed: 1 }, dropping), await run({ seed: 1 }, dropping), await run({ seed: 2 }, dropping)];
  assert.deepEqual(differences(a.model, b.model), []);
  assert.deepEqual(a.history, b.history);
  assert.equal(differences(a.model, c.model).length, 4);
});

test('the best epoch is kept, and training stops when it gets no better', async () => {
  // A rate that grows from good to absurd: quality rises, then collapses.
  const growing: TrainOptions = { epochs: 12, learningRate: 30, schedule: { kind: 'constant', warmup: 1 } };
  const best = await run({ ...growing, keepBest: true });
  const qualities = best.history.map((record) => record.quality as number);
  assert.equal(qualities.length, 12);
  assert.equal((await evaluate(best.model, task, runtime)).value, Math.max(...qualities));
  assert.ok(qualities[11] < Math.max(...qualities));
  const stopped = await run({ ...growing, patience: 3 });
  const at = qualities.indexOf(Math.max(...qualities.slice(0, stopped.history.length)));
  assert.equal(stopped.history.length, at + 1 + 3);
  assert.equal((await evaluate(stopped.model, task, runtime)).value, qualities[at]);
});

test('patience counts only epochs that were measured', async () => {
  const { history } = await run({ epochs: 10, patience: 1, evaluateEvery: 4, learningRate: 1e-9 });
  assert.deepEqual(
    history.flatMap(({ epoch, quality }) => (quality === undefined ? [] : [epoch])),
    [4, 8],
  );
  assert.equal(history.length, 8);
});

test('a loss that is no number any more ends the training with what to do; the last checkpoint is good', async () => {
  const saved: number[] = [];
  const wild = run(
    { epochs: 40, optimizer: { kind: 'sgd' }, learningRate: 1e19, schedule: { kind: 'constant' }, batchSize: 96 },
    { onCheckpoint: ({ epoch }) => void saved.push(epoch) },
  );
  await assert.rejects(wild, (error) => {
    assert.ok(error instanceof EspalierError);
    assert.match(error.message, /(loss became (NaN|Infinity|-Infinity)|are no finite numbers any more).*epoch \d.*smaller learning rate/s);
    return true;
  });
  assert.ok(saved.length < 40);
});

test('a training that diverges to finite losses is no result: the error names where the loss began and where it is', async () => {
  const wild = run({
    epochs: 3,
    optimizer: { kind: 'sgd', momentum: 0 },
    learningRate: 1e6,
    schedule: { kind: 'constant' },
    batchSize: 96,
  });
  await assert.rejects(wild, (error) => {
    assert.ok(error instanceof EspalierError);
    const [, began, now] = /The training diverged: its loss began at (\S+) and is (\S+) after epoch \d/.exec(error.message) ?? [];
    assert.ok(Number(began) >= 1 && Number(now) > 20 * Number(began), error.message);
    assert.match(error.message, /smaller learning rate than 1000000/);
    return true;
  });
});

test('data that holds NaN is said so too', async () => {
  const data = new Float32Array(96 * 6).fill(Number.NaN);
  const bad = arrayDataset({
    name: 'NaN',
    inputs: { x: { type: 'float32', shape: [96, 6], data } },
    targets: classTargets(Int32Array.from({ length: 96 }, (_, i) => i % 3)),
  });
  await assert.rejects(run({}, { task: plainTask({ train: bad }) }), /NaN in the data/);
});

test('an abort stops with Stopped and disposes of the program', async () => {
  const controller = new AbortController();
  const disposed: boolean[] = [];
  const watched: Runtime = {
    name: 'watched',
    compile: async (...given) => {
      const program = await runtime.compile(...given);
      return new Proxy(program, {
        get: (target, key) => {
          if (key === 'dispose') disposed.push(true);
          const member = Reflect.get(target, key, target) as unknown;
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    },
    dispose: () => Promise.resolve(),
  };
  const steps: number[] = [];
  const running = run(
    { epochs: 500, evaluateEvery: 0 },
    {
      runtime: watched,
      signal: controller.signal,
      onProgress: ({ done }) => {
        steps.push(done);
        if (done === 7) controller.abort();
      },
    },
  );
  await assert.rejects(running, Stopped);
  assert.ok(steps.length < 20, `${steps.length} steps`);
  assert.deepEqual(disposed, [true]);
  await assert.rejects(run({}, { signal: AbortSignal.abort() }), Stopped);
});

test('progress counts steps of the whole training, and says what came of each epoch', async () => {
  const seen: string[] = [];
  const epochs: ProgressEvent['epoch'][] = [];
  const onProgress = ({ task: name, done, total, epoch }: ProgressEvent) => {
    if (epoch) epochs.push(epoch);
    seen.push(`${name} ${done}/${total}${epoch ? ', an epoch' : ''}`);
  };
  const { history } = await run({ epochs: 2 }, { onProgress });
  const steps = [
    'train 1/6',
    'train 2/6',
    'train 3/6',
    'train 3/6, an epoch',
    'train 4/6',
    'train 5/6',
    'train 6/6',
    'train 6/6, an epoch',
  ];
  assert.deepEqual(seen, steps);
  assert.deepEqual(
    epochs,
    history.map(({ epoch, loss, quality }: EpochRecord) => ({ epoch, loss, quality })),
  );
  assert.deepEqual(
    history.map(({ epoch }: EpochRecord) => epoch),
    [1, 2],
  );
});

test('batches are as large as asked where little is left out, else smaller and even; small data is one batch', async () => {
  const steps = async (size: number, batchSize: number) => {
    let total = 0;
    const part = plainTask({ train: clusters({ size }) });
    const onProgress = (event: ProgressEvent) => {
      total = event.total ?? 0;
    };
    await run({ epochs: 1, batchSize }, { task: part, onProgress });
    return total;
  };
  assert.equal(await steps(96, 32), 3);
  assert.equal(await steps(97, 32), 3);
  assert.equal(await steps(127, 64), 2);
  assert.equal(await steps(20, 128), 1);
});

test('a frozen weight stays to the bit, by name or pattern; a name that fits nothing is an error', async () => {
  const changed = async (freeze: string[]) => differences((await run({ freeze })).model, model).sort();
  assert.deepEqual(await changed(['first.weight']), ['first.bias', 'second.bias', 'second.weight']);
  assert.deepEqual(await changed(['first.*']), ['second.bias', 'second.weight']);
  assert.deepEqual(await changed(['*.weight', 'first.bias']), ['second.bias']);
  await assert.rejects(
    changed(['frist.weight']),
    (error) => error instanceof OptionError && /frist\.weight.*first\.weight/s.test(error.message),
  );
  await assert.rejects(changed(['*']), /no weights that could be trained/);
});

test('frozen statistics stay, and the normalization still learns its scale', async () => {
  const normed = smallMlp({ norm: true });
  const { model: trained } = await run({ freezeStatistics: true }, { model: normed });
  const changed = differences(trained, normed);
  assert.ok(!changed.includes('norm.mean') && !changed.includes('norm.variance'), changed.join());
  assert.ok(changed.includes('norm.scale'));
  assert.ok(differences((await run({}, { model: normed })).model, normed).includes('norm.mean'));
});

test('options that cannot be used are refused by name', async () => {
  const wrong: [TrainOptions, RegExp][] = [
    [{ epochs: 0 }, /"epochs"/],
    [{ batchSize: 1.5 }, /"batchSize"/],
    [{ batchSize: 0 }, /"batchSize"/],
    [{ learningRate: Number.NaN }, /"learningRate"/],
    [{ learningRate: -1 }, /"learningRate"/],
    [{ weightDecay: -0.1 }, /"weightDecay"/],
    [{ clipNorm: 0 }, /"clipNorm"/],
    [{ samRadius: 0 }, /"samRadius"/],
    [{ labelSmoothing: 1 }, /"labelSmoothing"/],
    [{ ema: 1 }, /"ema"/],
    [{ patience: 0 }, /"patience"/],
    [{ seed: 0.5 }, /"seed"/],
    [{ optimizer: { kind: 'rmsprop' } as never }, /"kind".*lamb.*got "rmsprop"/s],
    [{ optimizer: { kind: 'toString' } as never }, /"kind"/],
    [{ optimizer: { kind: 'lion', beta1: 1 } }, /"beta1"/],
    [{ optimizer: { kind: 'lamb', epsilon: 0 } }, /"epsilon"/],
    [{ optimizer: { kind: 'schedule-free-sgd', momentum: 1 } }, /"momentum"/],
    [{ optimizer: { kind: 'schedule-free-adamw', beta2: -1 } }, /"beta2"/],
    [{ optimizer: { kind: 'adam', beta2: 1 } }, /"beta2"/],
    [{ optimizer: { kind: 'sgd', momentum: -1 } }, /"momentum"/],
    [{ schedule: { kind: 'cosine', warmup: 3 } }, /"warmup"/],
  ];
  for (const [options, message] of wrong)
    await assert.rejects(run(options), (error) => error instanceof OptionError && message.test(error.message), JSON.stringify(options));
  await assert.rejects(run({ patience: 2 }, { task: plainTask({ train: clusters() }) }), /"patience".*validation part is empty/s);
});

test('data with classes that the model does not tell apart is refused', async () => {
  await assert.rejects(
    run({}, { task: { ...task, ...classification({ output: 'scores', classes: ['a', 'b', 'c', 'd'] }) } }),
    (error) => error instanceof DataError && /4 scores.*got 3/s.test(error.message),
  );
});

test('a balanced epoch holds as many samples of each class, the rare ones in turns', () => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 84 ? 0 : i < 97 ? 1 : 2));
  const data: Dataset = arrayDataset({
    name: 'rare',
    inputs: { x: { type: 'float32', shape: [100, 1], data: new Float32Array(100) } },
    targets: classTargets(labels),
  });
  const view = balancedView(data, 3, 0);
  assert.equal(view.size, 100);
  const counts = [0, 0, 0];
  for (const label of classesOf(view).values) counts[label]++;
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  const times = new Map<number, number>();
  for (const index of view.view?.indices ?? []) times.set(index, (times.get(index) ?? 0) + 1);
  for (let rare = 97; rare < 100; rare++) assert.ok((times.get(rare) ?? 0) >= 11);
  assert.ok([...times].every(([index, count]) => index >= 84 || count === 1));
  assert.deepEqual(balancedView(data, 3, 0).view?.indices, view.view?.indices);
  assert.notDeepEqual(balancedView(data, 3, 1).view?.indices, view.view?.indices);
});

test('the average of the weights is what is kept', async () => {
  const { model: averaged } = await run({ ema: 0.9, epochs: 2 });
  const { model: current } = await run({ epochs: 2 });
  assert.equal(differences(averaged, current).length, 4);
  const [a] = [weightsOf(averaged).get('first.weight') as Tensor];
  assert.ok((a.data() as Float32Array).every(Number.isFinite));
});

test('time without a step under way is waiting, but for what is paused', () => {
  let now = 0;
  const clock = new InputClock(() => now);
  const at = (time: number, what: 'begin' | 'end' | 'pause') => {
    now = time;
    clock[what]();
  };
  assert.equal(clock.waiting, 0);
  // The first batch is nobody's fault; one step is queued behind another; 5 ms are waited for the third; then an epoch's evaluation.
  at(100, 'begin');
  at(102, 'begin');
  at(110, 'end');
  at(120, 'end');
  at(125, 'begin');
  at(140, 'end');
  at(141, 'pause');
  at(900, 'begin');
  at(960, 'end');
  assert.equal(clock.waiting, 5 / (5 + 20 + 15 + 60));
});

test('a training says how much of its time the steps waited for their batches', async () => {
  const data = clusters({ size: 48 });
  const read: Dataset['read'] = async (indices, signal) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return data.read(indices, signal);
  };
  const slow = plainTask({ train: { ...data, read }, validation: clusters({ size: 12, seed: 2 }) });
  const said: string[] = [];
  const onProgress = ({ facts }: ProgressEvent) => said.push(String(facts?.['waiting for input']));
  const request = { model: smallMlp(), runtime, options: { epochs: 2, batchSize: 16, evaluateEvery: 0 } };
  const { waiting } = await train({ ...request, task: slow, onProgress });
  // A step of this net takes a millisecond or two, and a batch 400: two are read ahead, so that it takes a machine a hundred times as slow for nothing to be waited for.
  assert.ok(waiting > 0.03 && waiting <= 1, String(waiting));
  assert.match(said[said.length - 1], /^\d+%$/);
});
