import type { BitReader } from './bits.js';

/** Coefficients of the fixed predictors, by order: the next sample by a polynomial through the last ones. */
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]] as const;

/**
 * Fills `out` with the samples of one channel of a frame (RFC 9639, section 9.2). Numbers are doubles: sums of predictions go beyond 32 bits.
 * @param bits of a sample in this channel.
 * @returns undefined, or what is wrong.
 */
export function readSubframe(reader: BitReader, bits: number, out: Float64Array): string | undefined {
  if (reader.unsigned(1) !== 0) return 'a subframe does not begin with 0';
  const type = reader.unsigned(6);
  const wasted = reader.unsigned(1) === 1 ? reader.zeros() + 1 : 0;
  const width = bits - wasted;
  if (width < 1) return 'a subframe wastes all of its bits';
  const problem = readContent(reader, type, width, out);
  if (problem === undefined && wasted > 0) for (let i = 0; i < out.length; i++) out[i] *= 2 ** wasted;
  return problem;
}

function readContent(reader: BitReader, type: number, width: number, out: Float64Array): string | undefined {
  if (type === 0) {
    out.fill(reader.signed(width));
    return undefined;
  }
  if (type === 1) {
    for (let i = 0; i < out.length; i++) out[i] = reader.signed(width);
    return undefined;
  }
  const isLinear = type >= 32;
  const order = isLinear ? type - 31 : type - 8;
  if (!isLinear && (type < 8 || order > 4)) return `there is no subframe of type ${type}`;
  if (order > out.length) return `a predictor of order ${order} has only ${out.length} samples`;
  for (let i = 0; i < order; i++) out[i] = reader.signed(width);
  if (!isLinear) return readResidual(reader, order, out) ?? predict(out, FIXED[order], 0);
  const precision = reader.unsigned(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) return 'a predictor has no precision, or shifts upwards';
  const coefficients = Array.from({ length: order }, () => reader.signed(precision));
  return readResidual(reader, order, out) ?? predict(out, coefficients, shift);
}

/** Adds to each residual what the samples before it predict. */
function predict(out: Float64Array, coefficients: readonly number[], shift: number): undefined {
  const order = coefficients.length;
  const scale = 2 ** -shift;
  for (let i = order; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += coefficients[k] * out[i - 1 - k];
    out[i] += Math.floor(sum * scale);
  }
}

/** Differences from the predictions, as Rice codes in partitions that each have a parameter of their own. */
function readResidual(reader: BitReader, order: number, out: Float64Array): string | undefined {
  const method = reader.unsigned(2);
  if (method > 1) return `there is no residual coding ${method}`;
  const parameterBits = 4 + method;
  const escaped = 2 ** parameterBits - 1;
  const partitions = 2 ** reader.unsigned(4);
  const length = out.length / partitions;
  if (!Number.isInteger(length) || length < order) return `${partitions} partitions do not share ${out.length} samples`;
  for (let partition = 0, i = order; partition < partitions; partition++) {
    const parameter = reader.unsigned(parameterBits);
    const raw = parameter === escaped ? reader.unsigned(5) : undefined;
    const end = (partition + 1) * length;
    for (; i < end; i++) out[i] = raw === undefined ? riceCode(reader, parameter) : reader.signed(raw);
    if (reader.isOver) return 'the file ends within a frame';
  }
  return undefined;
}

function riceCode(reader: BitReader, parameter: number): number {
  const folded = reader.zeros() * 2 ** parameter + reader.unsigned(parameter);
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}
