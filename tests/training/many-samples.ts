// Evaluates a tiny model on many samples that are made as they are read, and counts right answers in a plain loop beside it. Run as a process with a
// small heap: node --max-old-space-size=64 many-samples.js classes 10 1000000
import { classTargets, type Dataset, subset, type Targets } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { classification, evaluate, type Goal, multiLabel, tokens } from 'espalier/training';

const [, , kind, count, size] = process.argv;
const SIZE = Number(size);
const WIDTH = 4;
const POSITIONS = 4;

/** What the program prints. */
export interface Counted {
  metric: string;
  samples: number;
  value: number;
  expected: number;
}

/** A whole number of 20 bits: sums of a few are exact, so that no rounding decides which score is largest, and hardly two samples score the same. */
const feature = (sample: number, i: number): number => (Math.imul(WIDTH * sample + i + 1, 2654435761) >>> 12) - 2 ** 19;
const weight = (i: number, output: number): number => ((5 * i + 3 * output + i * output) % 7) - 3;

function scoresOf(sample: number, outputs: number): number[] {
  return Array.from({ length: outputs }, (_, output) => {
    let sum = 0;
    for (let i = 0; i < WIDTH; i++) sum += feature(sample, i) * weight(i, output);
    return sum;
  });
}

const largest = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/** The features times a matrix, for tokens with the outputs as positions of classes. */
function linear(outputs: number, positions?: number): Model {
  const graph = new Graph('linear');
  const model = new Model(graph, 21);
  const build = typedBuilder(graph, model.opsets);
  const weights = Float32Array.from({ length: WIDTH * outputs }, (_, i) => weight(Math.floor(i / outputs), i % outputs));
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), WIDTH]);
  const scores = build.op('MatMul', [x, build.parameter('w', Tensor.of('float32', [WIDTH, outputs], weights))]);
  build.output(positions ? build.op('Reshape', [scores, build.ints([-1, positions, outputs / positions])]) : scores, 'scores');
  return model;
}

/** Samples of which none is kept. */
function made(targets: Targets, pick: (indices: Int32Array) => Targets): Dataset {
  return {
    name: 'many',
    size: SIZE,
    inputs: [{ name: 'x', type: 'float32', shape: [WIDTH], kind: 'tensor' }],
    targets,
    fingerprint: 'many',
    async read(indices) {
      const data = new Float32Array(indices.length * WIDTH);
      for (let i = 0; i < data.length; i++) data[i] = feature(indices[Math.floor(i / WIDTH)], i % WIDTH);
      return {
        size: indices.length,
        indices: indices.slice(),
        inputs: { x: { type: 'float32', shape: [indices.length, WIDTH], data } },
        targets: pick(indices),
      };
    },
  };
}

interface Case {
  goal: Goal;
  model: Model;
  dataset: Dataset;
  /** Share of right answers. */
  expected(): number;
}

const share = (count: number, isRight: (i: number) => boolean): number => {
  let hits = 0;
  for (let i = 0; i < count; i++) hits += Number(isRight(i));
  return hits / count;
};

const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);

const CASES: Record<string, (count: number) => Case> = {
  classes(count) {
    // Every third sample has the class that the model answers, more or less.
    const label = (sample: number) => (sample % 3 === 0 ? largest(scoresOf(sample, count)) : sample % count);
    const values = Int32Array.from({ length: SIZE }, (_, i) => label(i));
    const picked = (indices: Int32Array) =>
      classTargets(
        indices.map((i) => values[i]),
        names(count),
      );
    return {
      goal: classification({ output: 'scores', classes: names(count) }),
      model: linear(count),
      dataset: made(classTargets(values, names(count)), picked),
      expected: () => share(SIZE, (i) => largest(scoresOf(i, count)) === values[i]),
    };
  },
  labels(count) {
    const on = (sample: number, label: number) => Number((sample + label) % 3 === 0);
    const targets = (indices: Int32Array): Targets => ({
      kind: 'labels',
      classes: names(count),
      values: Uint8Array.from({ length: indices.length * count }, (_, i) => on(indices[Math.floor(i / count)], i % count)),
    });
    return {
      goal: multiLabel({ output: 'scores', classes: names(count), metric: 'exactMatch' }),
      model: linear(count),
      dataset: made(targets(new Int32Array(0)), targets),
      expected: () => share(SIZE, (i) => scoresOf(i, count).every((score, label) => score > 0 === (on(i, label) === 1))),
    };
  },
  tokens(count) {
    const outputs = POSITIONS * count;
    const targets = (indices: Int32Array): Targets => ({
      kind: 'tokens',
      classes: names(count),
      length: POSITIONS,
      values: Int32Array.from(
        { length: indices.length * POSITIONS },
        (_, i) => (indices[Math.floor(i / POSITIONS)] + (i % POSITIONS)) % count,
      ),
    });
    const isRight = (i: number) => {
      const [sample, position] = [Math.floor(i / POSITIONS), i % POSITIONS];
      const scores = scoresOf(sample, outputs).slice(position * count, (position + 1) * count);
      return largest(scores) === (sample + position) % count;
    };
    return {
      goal: tokens({ output: 'scores', classes: names(count), length: POSITIONS }),
      model: linear(outputs, POSITIONS),
      dataset: made(targets(new Int32Array(0)), targets),
      expected: () => share(SIZE * POSITIONS, isRight),
    };
  },
};

const { goal, model, dataset, expected } = CASES[kind](Number(count));
const none = subset(dataset, new Int32Array(0));
const task = {
  ...goal,
  name: dataset.name,
  splits: { train: none, calibration: none, validation: dataset, test: none },
  feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' as const } }],
};
const runtime = createNodeRuntime({ threads: 1 });
const { metric, value, samples } = await evaluate(model, task, runtime, { batchSize: 5000 });
await runtime.dispose();
console.log(JSON.stringify({ metric, samples, value, expected: expected() } satisfies Counted));
