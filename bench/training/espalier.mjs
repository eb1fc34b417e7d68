import { Tensor } from 'espalier/onnx';
import { buildTrainingStep, crossEntropy, SEED_INPUT, TARGETS } from 'espalier/training';
import { median } from './median.mjs';

const RATE = 1e-3;

/** A training step, compiled; as in the training loop, neither its graph nor the values that it starts from are held on to. */
async function compile({ model, batch, threads, runtime, blocked, maxMemory, profile }) {
  const [input] = model.graph.inputs;
  const [scores] = model.graph.outputs;
  const {
    model: graph,
    resident,
    state,
    ...step
  } = buildTrainingStep(model, {
    batchSize: batch,
    inputShapes: { [input.name]: [batch, ...input.shape.slice(1)] },
    loss: crossEntropy(scores.name),
    watch: [scores.name],
    optimizer: { kind: 'adam' },
    maxMemory,
  });
  const program = await runtime.compile(graph, { threads, resident, state, blocked, profile, frugal: maxMemory !== undefined });
  return { program, step };
}

/** A training step of the model in a runtime; `run(steps)` gives the time of each step in milliseconds, as the training loop meets it. */
export async function createEspalier({ model, batch, threads, runtime, blocked, clock, config, maxMemory, profile = false }) {
  const [input] = model.graph.inputs;
  const [scores] = model.graph.outputs;
  const shape = [batch, ...input.shape.slice(1)];
  const { program, step } = await compile({ model, batch, threads, runtime, blocked, maxMemory, profile });
  const size = shape.reduce((product, length) => product * length, 1);
  const samples = input.dtype === 'int64' ? tokens(size, config.vocabulary) : noise(size);
  const classes = Number(scores.shape[1]);
  const targets = new Float32Array(batch * classes);
  for (let row = 0; row < batch; row++) targets[row * classes + (row % classes)] = 1;
  let count = 0;
  /** Of each burst: what a step took, less what it took inside ONNX Runtime right after. */
  const outside = [];
  const now = clock === 'processor' ? processorTime : () => performance.now();

  function feeds() {
    count++;
    const all = {
      [input.name]: Tensor.of(input.dtype, shape, samples.slice()),
      [TARGETS]: Tensor.of('float32', [batch, classes], targets.slice()),
      [SEED_INPUT]: Tensor.scalar('uint32', count),
    };
    for (const name of step.scalars) all[`espalier.${name}`] = Tensor.scalar('float32', scalars()[name]);
    return Object.fromEntries(Object.entries(all).filter(([name]) => program.inputs.includes(name)));
  }

  /** Adam's corrections at step `count`, from 1. */
  function scalars() {
    return { rate: RATE, stepSize: RATE / (1 - 0.9 ** count), inverseRootCorrection: 1 / Math.sqrt(1 - 0.999 ** count) };
  }

  return {
    async run(steps) {
      const burst = [];
      let ready = feeds();
      for (let index = 0; index < steps; index++) {
        const start = now();
        const running = program.run(ready);
        // As in the training loop: the next batch is made while a step runs.
        ready = feeds();
        const outcome = await running;
        burst.push(now() - start);
        if (!Number.isFinite(outcome[step.lossOutput].numbers()[0])) throw new Error('The loss is not a number.');
      }
      const inside = (await program.time(ready, burst.length - 1)).map(({ milliseconds }) => milliseconds);
      outside.push(median(burst.slice(1)) - median(inside));
      return burst;
    },
    /** What a step takes outside of ONNX Runtime's run call, in milliseconds by the wall clock and medians: messages between threads, checks. */
    wait: () => (clock === 'wall' ? median(outside) : undefined),
    memory: step.memory,
    profile: () => program.profile(),
    dispose: () => program.dispose(),
  };
}

/** Milliseconds that all threads of this process have been computing. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Reproducible numbers from -1.7 to 1.7. */
function noise(size) {
  let state = 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state / 0x7fffffff - 0.5) * 3.4;
  });
}

/** Numbers of words, all of them. */
function tokens(length, vocabulary) {
  return BigInt64Array.from({ length }, (_, i) => BigInt((i * 7919) % vocabulary));
}
