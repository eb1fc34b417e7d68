import { OptionError } from '../../base/index.js';
import { type AnyMetric, lossBetween, worth } from '../../metrics/index.js';
import type { Limits, ModelInfo } from '../results/info.js';
import { missedBy, ruleText } from './rules.js';

/** Broken by a model that a device answers wrongly with: nobody sets it, and nobody lifts it. */
export const ON_DEVICE = 'device';

/** By how much each limit is broken, relative to the limit; at most 0 where it is kept. Only limits that are set and measured are listed. */
export function violations(
  limits: Limits,
  { validation: quality, footprint }: Pick<ModelInfo, 'validation' | 'footprint'>,
  { validation: baseline }: Pick<ModelInfo, 'validation'>,
  metric: AnyMetric,
): Record<string, number> {
  const found: Record<string, number> = {};
  const atMost = (name: Exclude<keyof Limits, 'rules'>, value: number | undefined) => {
    const limit = limits[name];
    if (limit !== undefined && value !== undefined) found[name] = value / limit - 1;
  };
  atMost('maxSize', footprint.bytes);
  atMost('maxMacs', footprint.macs);
  atMost('maxMemory', footprint.activationBytes);
  atMost('maxLatency', footprint.latency?.p50);
  // What cannot be compiled keeps no limit of compiled code.
  const { compiled } = footprint;
  atMost('maxRam', compiled && (compiled.ram ?? Number.MAX_VALUE));
  atMost('maxFlash', compiled && (compiled.flash ?? Number.MAX_VALUE));
  if (limits.maxDrop !== undefined) found.maxDrop = lossBetween(metric, baseline.value, quality.value) * 100 - limits.maxDrop;
  if (limits.minQuality !== undefined) found.minQuality = worth(metric, limits.minQuality) - worth(metric, quality.value);
  if (footprint.latency?.wrong !== undefined) found[ON_DEVICE] = 1;
  for (const rule of limits.rules ?? []) found[ruleText(rule)] = missedBy(rule, quality);
  return found;
}

/** Names of the limits that are broken. */
export function broken(found: Readonly<Record<string, number>>): string[] {
  // A drop of exactly the limit may come out a rounding error above it.
  return Object.entries(found).flatMap(([name, amount]) => (amount > 1e-9 ? [name] : []));
}

/** @throws OptionError for limits that no model can keep. */
export function checkLimits({ rules: _, ...limits }: Limits): void {
  for (const [name, limit] of Object.entries(limits)) {
    const least = name === 'maxDrop' || name === 'minQuality' ? 0 : Number.MIN_VALUE;
    if (limit !== undefined && !(Number.isFinite(limit) && limit >= least)) {
      throw new OptionError({
        what: 'Not a usable limit',
        where: name,
        expected: least === 0 ? 'a number, at least 0' : 'a positive number',
        got: String(limit),
      });
    }
  }
}

/** Whether a file may be made better or smaller by more work: no convolution kernel computes with 4 bits, and a second look takes twice the time. */
export function onlySizeLimited({ maxMacs, maxLatency, maxMemory, maxRam }: Limits): boolean {
  return [maxMacs, maxLatency, maxMemory, maxRam].every((limit) => limit === undefined);
}
