import { OptionError } from '../../base/index.js';
import type { AnyMetric } from '../../metrics/index.js';
import type { Direction } from '../../pareto/index.js';
import type { Limits, ModelInfo, ObjectiveName } from '../results/info.js';

/** What the front trades quality for where nothing else is asked for. */
const USUAL: readonly ObjectiveName[] = ['bytes', 'macs'];

/**
 * The objectives of a run: quality, what was asked for (else bytes and MACs, as far as they can be counted for this model), and whatever is
 * limited.
 * @throws OptionError where one that was asked for cannot be counted for the baseline.
 */
export function objectivesFor(wanted: readonly ObjectiveName[] | undefined, limits: Limits, baseline: ModelInfo): ObjectiveName[] {
  const countable = (name: ObjectiveName) => name === 'latency' || measured(baseline, name) !== undefined;
  const chosen = new Set<ObjectiveName>(['quality', ...(wanted ?? USUAL.filter(countable))]);
  if (limits.maxLatency !== undefined) chosen.add('latency');
  if (limits.maxMemory !== undefined) chosen.add('memory');
  if (limits.maxMacs !== undefined) chosen.add('macs');
  for (const name of chosen) if (!countable(name)) throw uncountable(name, baseline);
  return [...chosen];
}

export function directionsOf(objectives: readonly ObjectiveName[], { direction }: Pick<AnyMetric, 'direction'>): Direction[] {
  return objectives.map((name) => (name === 'quality' ? direction : 'minimize'));
}

/** A model's value of one objective. @throws OptionError where it was not measured. */
export function objectiveValue(model: ModelInfo, name: ObjectiveName): number {
  const value = measured(model, name);
  if (value === undefined) throw uncountable(name, model);
  return value;
}

function measured({ validation, footprint }: ModelInfo, name: ObjectiveName): number | undefined {
  return {
    quality: validation.value,
    bytes: footprint.bytes,
    macs: footprint.macs,
    latency: footprint.latency?.p50,
    memory: footprint.activationBytes,
  }[name];
}

function uncountable(name: ObjectiveName, model: ModelInfo): OptionError {
  return new OptionError({
    what: `The objective "${name}" cannot be counted for this model`,
    where: model.label,
    fix: 'Choose other objectives and limits; "bytes" and "latency" can always be measured.',
  });
}
