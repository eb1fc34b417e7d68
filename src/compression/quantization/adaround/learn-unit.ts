import { type Activity, Random, Stopped } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copiesOf, type Model, staticShape, Tensor } from '../../../onnx/index.js';
import { buildTrainingStep, type OptimizerSpec, stepScalars } from '../../../training/index.js';
import { type Between, isUpper, logitName, POWER, PULL, roundingLoss, softlyRounded, wantedName } from './soft-rounding.js';
import type { UnitSamples } from './unit-samples.js';

export interface LearnRequest extends Pick<Activity, 'signal'> {
  /** The unit as a model of its own, with its float weights. */
  model: Model;
  weights: readonly Between[];
  samples: UnitSamples;
  /** By output: the mean square error that learning starts from, which the loss is measured in. */
  scales: ReadonlyMap<string, number>;
  steps: number;
  batchSize: number;
  seed: number;
  runtime: Runtime;
  threads?: number;
  /** Told of each step. */
  onStep?: () => void;
}

const OPTIMIZER: OptimizerSpec = { kind: 'adam' };
const RATE = 0.1;
/** Share of the steps in which nothing is pulled. */
const WARM_UP = 0.2;
/** From flat between the ends to pulling everywhere: the paper's. */
const [FIRST_POWER, LAST_POWER] = [20, 2];
/** How much the mean of what is undecided counts beside the error over that of rounding to nearest. */
const STRENGTH = 3;

/**
 * Learns which of its two neighbours each weight becomes, by what the unit makes (AdaRound, Nagel et al. 2020, arXiv 2004.10568).
 * @returns by weight: 1 where it is the upper one.
 * @throws UnsupportedError where the unit has no gradient; Stopped when aborted.
 */
export async function learnUnit(request: LearnRequest): Promise<Map<string, Uint8Array>> {
  const { model, weights, samples, scales, steps, batchSize, seed, runtime, threads, signal, onStep } = request;
  const soft = softlyRounded(model, weights);
  const shapes = model.graph.inputs.map(({ name, shape }) => [name, staticShape(shape) ?? []]);
  const step = buildTrainingStep(soft.model, {
    batchSize,
    inputShapes: Object.fromEntries(shapes),
    loss: roundingLoss(weights, scales),
    optimizer: OPTIMIZER,
    freeze: soft.fixed,
    freezeStatistics: true,
  });
  const { resident, state } = step;
  const program = await runtime.compile(step.model, { threads, blocked: true, resident, state, signal });
  try {
    const random = new Random(seed).fork('batches of units');
    const parts = Math.ceil(samples.learned / samples.held);
    let done = 0;
    for (let part = 0; part < parts; part++) {
      const held = await samples.read(part * samples.held, samples.held);
      for (const end = Math.round((steps * (part + 1)) / parts); done < end; done++) {
        if (signal?.aborted) throw new Stopped('Learning how to round was stopped');
        const { inputs, wanted } = held[random.integer(held.length)];
        const targets = Object.fromEntries(Object.entries(wanted).map(([name, tensor]) => [wantedName(name), inSingle(tensor)]));
        const rates = Object.entries(stepScalars(OPTIMIZER, RATE, done)).map(([name, number]) => [`espalier.${name}`, number] as const);
        const numbers = [...rates, ...pullAt(done / steps)].map(([name, number]) => [name, Tensor.scalar('float32', number)]);
        await program.run(copiesOf({ ...inputs, ...targets, ...Object.fromEntries(numbers) }, program.inputs));
        onStep?.();
      }
    }
    const learned = step.weights(await program.state());
    const logits = (name: string) => learned.get(logitName(name))?.toFloat32() ?? [];
    return new Map(weights.map(({ name }) => [name, Uint8Array.from(logits(name), (logit) => Number(isUpper(logit)))]));
  } finally {
    await program.dispose();
  }
}

/** What outputs should be is compared in float32. */
function inSingle(tensor: Tensor): Tensor {
  return tensor.dtype === 'float32' ? tensor : Tensor.of('float32', tensor.shape, tensor.toFloat32());
}

/** How shares are pulled apart once so much of the steps is done. */
function pullAt(progress: number): (readonly [string, number])[] {
  const left = 1 - Math.max(0, (progress - WARM_UP) / (1 - WARM_UP));
  return [
    [PULL, progress < WARM_UP ? 0 : STRENGTH],
    [POWER, LAST_POWER + (FIRST_POWER - LAST_POWER) * left],
  ];
}
