import type { Model } from '../../onnx/index.js';
import type { OutputNoise } from './noise.js';
import type { Proof } from './prove.js';

/** An output below this does not follow the original, in dB of the whole output's SQNR. */
export const LEAST_SQNR = 10;
/** On made-up inputs an output may be this much worse, in dB, than the original itself with a little noise in its inputs. */
const SLACK = 3;

/**
 * The outputs that do not follow the original's, as sentences without their full stop; nothing where all do.
 * @param settled outputs that something else judges, such as a metric: of these only what is broken counts.
 */
export function noiseFaults(proof: Proof, before: Model, settled: readonly string[] = []): string[] {
  return proof.outputs.flatMap((noise) => {
    if (settled.includes(noise.output) && noise.sqnr !== Number.NEGATIVE_INFINITY) return [];
    const fault = noiseFault(noise, before, proof);
    return fault === undefined ? [] : [fault];
  });
}

function noiseFault(noise: OutputNoise, before: Model, proof: Proof): string | undefined {
  const { output, sqnr, remark } = noise;
  if (sqnr === Number.NEGATIVE_INFINITY) return `of output "${output}" ${remark}`;
  if (sqnr === undefined) return noise.isOtherShape && isFixed(before, output) ? `of output "${output}" ${remark}` : undefined;
  if (noise.isQuiet && proof.inputs === 'made-up') return undefined;
  const own = proof.own?.[output];
  const bound = own === undefined ? LEAST_SQNR : Math.min(LEAST_SQNR, own - SLACK);
  if (sqnr >= bound) return undefined;
  return `output "${output}" has ${sqnr.toFixed(1)} dB SQNR to the original on ${inputsOf(proof)}, and ${LEAST_SQNR} dB is the bound`;
}

/** Whether only the batch is open: other shapes may depend on the numbers. */
function isFixed({ graph }: Model, name: string): boolean {
  const shape = graph.outputs.find((output) => output.name === name)?.shape;
  return shape?.slice(1).every((dim) => typeof dim === 'number') ?? false;
}

/** "8 made-up inputs" or "4 batches of samples". */
export function inputsOf({ inputs, runs, samples }: Pick<Proof, 'inputs' | 'runs' | 'samples'>): string {
  const count = inputs === 'samples' ? samples : runs;
  return `${count} ${inputs === 'samples' ? 'sample' : 'made-up input'}${count === 1 ? '' : 's'}`;
}

/** "31.2 dB SQNR", "identical", "99.0% the same". */
export function noiseText({ sqnr, same, remark }: OutputNoise): string {
  if (sqnr === Number.POSITIVE_INFINITY) return 'identical';
  if (sqnr !== undefined) return Number.isFinite(sqnr) ? `${sqnr.toFixed(1)} dB SQNR` : 'broken';
  return same === undefined ? (remark ?? 'unknown') : `${(100 * same).toFixed(1)}% the same`;
}
