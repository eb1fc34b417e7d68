import { OptionError } from '../../base/index.js';

/** How a model serves so many requests at a time. */
export interface Serving {
  readonly concurrent: number;
  /** Samples per second of all requests together. */
  readonly throughput: number;
  /** Milliseconds of one request, while the others run beside it. */
  readonly p50: number;
  readonly p95: number;
  /** Bytes of memory: resident memory that was added by all programs and their runs; or what an estimate needs for weights and activations. */
  readonly memory: number;
  /** Joules of one sample, where the power of what serves is known. */
  readonly joules?: number;
  /** The same for a million. */
  readonly kilowattHoursPerMillion?: number;
  /** Price of a million samples, where that of an hour is known, in the same currency. */
  readonly costPerMillion?: number;
}

/** What it takes to know energy and cost. */
export interface ServingRates {
  /** Watts of what serves, while it does. */
  readonly watts?: number;
  /** What an hour of it costs, in any currency. */
  readonly pricePerHour?: number;
}

const JOULES_PER_KILOWATT_HOUR = 3.6e6;
const SECONDS_PER_HOUR = 3600;

/** Energy and cost of a sample, from what it took to serve it: the power, and the price, of a second divided by the samples in it. Energy that is known stays. */
export function withRates<S extends Serving>(serving: S, { watts, pricePerHour }: ServingRates): S & Serving {
  const { throughput, joules = watts === undefined ? undefined : watts / throughput } = serving;
  return {
    ...serving,
    ...(joules !== undefined && { joules, kilowattHoursPerMillion: (1e6 * joules) / JOULES_PER_KILOWATT_HOUR }),
    ...(pricePerHour !== undefined && { costPerMillion: (1e6 * pricePerHour) / SECONDS_PER_HOUR / throughput }),
  };
}

/** Most requests at a time. */
const MOST = 256;

/** Numbers of requests that show how a machine of so many cores serves: 1, 2, 4, …, and as many as it has cores. */
export function requestCounts(cores: number): number[] {
  const most = Math.max(1, Math.min(MOST, cores));
  const counts: number[] = [];
  for (let number = 1; number < most; number *= 2) counts.push(number);
  return [...counts, most];
}

/** @throws OptionError for numbers of requests that cannot be served. */
export function checkRequestCounts(concurrent: readonly number[]): void {
  for (const number of concurrent) {
    if (Number.isSafeInteger(number) && number >= 1 && number <= MOST) continue;
    throw new OptionError({
      what: 'Bad number of requests',
      where: 'concurrent',
      expected: `whole numbers from 1 to ${MOST}`,
      got: String(number),
    });
  }
}
