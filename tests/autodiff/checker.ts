import assert from 'node:assert/strict';
import { addGradients, prepare } from 'espalier/autodiff';
import { Random } from 'espalier/base';
import { decodeModel, encodeModel, Tensor } from 'espalier/onnx';
import type { InferenceSession } from 'onnxruntime-node';
import type { GradientCase } from './fixtures.js';
import { openSession, runSession } from './sessions.js';

/** Errors as parts of the largest magnitude in the tensor; all arithmetic that is checked is float32. */
const FORWARD = 1e-5;
const GRADIENT = 1e-4;
/** A gradient that cancels to nothing (of a bias before a softmax, say) is as good as the rounding of the case's largest gradient. */
const CANCELLED = 1e-6;
/** A finite difference in float32 is only this good: see `differences`. */
const DIFFERENCES = 5e-3;
/** Step of a finite difference; fixtures keep their inputs at least 4 steps from a kink. */
const STEP = 1 / 64;

const gradientName = (input: string) => `gradient of ${input}`;
const upstreamName = (output: string) => `gradient of loss by ${output}`;

/**
 * Checks forward outputs and gradients against PyTorch, gradients against finite differences of the same session, and that each gradient is the
 * same when it is the only one asked for: rules leave out what is not needed.
 */
export async function checkGradients(given: GradientCase): Promise<void> {
  const feeds: Record<string, Tensor> = { ...given.inputs };
  for (const [output, tensor] of Object.entries(given.upstream)) feeds[upstreamName(output)] = tensor;
  const session = await openSession(gradientModel(given));
  try {
    const results = await runSession(session, feeds);
    for (const [name, expected] of Object.entries(given.outputs)) {
      assertClose(`output ${name}`, results[name], expected, given.tolerance?.forward ?? FORWARD);
    }
    const largest = Math.max(...Object.values(given.gradients).map(magnitudeOf));
    for (const [name, expected] of Object.entries(given.gradients)) {
      const actual = results[gradientName(name)];
      assertClose(gradientName(name), actual, expected, given.tolerance?.gradient ?? GRADIENT, CANCELLED * largest);
      if (!given.nonsmooth) await differences(session, feeds, given, name, actual);
    }
    const names = Object.keys(given.gradients);
    if (names.length > 1) for (const name of names) await checkAlone(given, name, feeds, results[gradientName(name)], CANCELLED * largest);
  } finally {
    await session.release();
  }
}

async function checkAlone(given: GradientCase, name: string, feeds: Readonly<Record<string, Tensor>>, together: Tensor, floor: number) {
  const session = await openSession(gradientModel(given, [name]));
  try {
    const results = await runSession(session, feeds);
    assertClose(`${gradientName(name)}, asked for alone`, results[gradientName(name)], together, FORWARD, floor);
  } finally {
    await session.release();
  }
}

/** The forward model with its gradients as further outputs, and the gradients of its own outputs as further inputs. */
export function gradientModel(given: GradientCase, wanted = Object.keys(given.gradients)): Uint8Array<ArrayBuffer> {
  const shapes = Object.fromEntries(Object.entries(given.inputs).map(([name, { shape }]) => [name, shape]));
  const { model, build, value } = prepare(decodeModel(given.model), { inputShapes: shapes });
  const from = new Map(
    Object.entries(given.upstream).map(([name, { dtype, shape }]) => [value(name), build.input(upstreamName(name), dtype, shape)]),
  );
  const to = wanted.map(value);
  const gradients = addGradients({ build, opsets: model.opsets, from, to });
  for (const input of to) build.output(gradients.get(input)!, gradientName(input.name));
  return new Uint8Array(encodeModel(model));
}

/**
 * The derivative along a random direction, by central differences extrapolated from two steps, against the gradient's projection.
 * Rounding: float32 outputs over a step of 1/64 leave errors around 1e-5 of the outputs; the rest of the tolerance is curvature.
 */
async function differences(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  given: GradientCase,
  name: string,
  gradient: Tensor,
): Promise<void> {
  const { dtype, shape } = feeds[name];
  const start = feeds[name].numbers();
  const random = new Random(`${given.name}/${name}`);
  const direction = start.map(() => (random.uniform() < 0.5 ? -1 : 1));
  let magnitude = 0;
  const loss = async (step: number) => {
    const moved = Tensor.from(
      dtype,
      shape,
      start.map((x, i) => x + step * direction[i]),
    );
    const outputs = await runSession(session, { ...feeds, [name]: moved });
    let total = 0;
    for (const [output, upstream] of Object.entries(given.upstream)) {
      const weights = upstream.numbers();
      outputs[output].numbers().forEach((y, i) => {
        total += y * weights[i];
        magnitude = Math.max(magnitude, Math.abs(y * weights[i]));
      });
    }
    return total;
  };
  const slope = async (step: number) => ((await loss(step)) - (await loss(-step))) / (2 * step);
  const measured = (4 * (await slope(STEP)) - (await slope(2 * STEP))) / 3;
  let projected = 0;
  let scale = 0;
  gradient.numbers().forEach((g, i) => {
    projected += g * direction[i];
    scale += Math.abs(g);
  });
  const allowed = (given.tolerance?.differences ?? DIFFERENCES) * scale + 5e-5 * magnitude;
  assert.ok(
    Math.abs(measured - projected) <= allowed,
    `Finite differences along a direction of ${name}: measured ${measured}, by the gradient ${projected} (allowed ${allowed})`,
  );
}

function magnitudeOf(tensor: Tensor): number {
  return tensor.numbers().reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

function assertClose(what: string, actual: Tensor, expected: Tensor, tolerance: number, floor = 0): void {
  assert.deepEqual([actual.dtype, actual.shape], [expected.dtype, expected.shape], `${what}: type and shape`);
  const wanted = expected.numbers();
  const scale = magnitudeOf(expected);
  const allowed = Math.max(tolerance * scale, floor, 1e-7);
  actual.numbers().forEach((x, i) => {
    assert.ok(Math.abs(x - wanted[i]) <= allowed, `${what}[${i}]: ${x}, PyTorch has ${wanted[i]} (largest magnitude ${scale})`);
  });
}
