import { type Architecture, architectures, architecture as familyOf } from '../../../architectures/index.js';
import { OptionError } from '../../../base/index.js';
import { encodeModel } from '../../../onnx/index.js';
import type { Limits } from '../../results/info.js';
import { standInRequest, takenBy } from '../../techniques/stand-in.js';
import type { PlanContext } from '../strategy.js';
import { type WeightType, widthThatFits } from './fit.js';

/** Which families are asked for, and what they are to stand in for. */
type Wanted = Pick<PlanContext, 'task' | 'architecture' | 'families'>;

type FittingNeeds = Wanted & Pick<PlanContext, 'limits' | 'original' | 'hardware'>;

/** The limits that widths are fitted to: where none can be counted beforehand, the size of the original's file. */
export function countedLimits({ limits, original, hardware }: Pick<PlanContext, 'limits' | 'original' | 'hardware'>): Limits {
  const { maxSize, maxMacs, maxMemory, maxRam, maxLatency } = limits;
  const isCounted = [maxSize, maxMacs, maxMemory, maxRam, hardware && maxLatency].some((limit) => limit !== undefined);
  return isCounted ? limits : { maxSize: encodeModel(original).byteLength };
}

/**
 * For each family that fits, how wide it may be so that its file with weights of the type is as large as the
 * limits allow; in the order in which they are tried. Where no limit can be counted beforehand, the limit is the size of the baseline's file.
 */
export function fittingWidths(wanted: FittingNeeds, weights: WeightType): Map<string, number> {
  const { limits, original, task, architecture: given, families, hardware } = wanted;
  const request = standInRequest(original, task);
  const within = countedLimits({ limits, original, hardware });
  const widths = new Map<string, number>();
  for (const family of familiesOf(wanted)) {
    const depth = family.name === given?.name ? given.depth : 1;
    const width = widthThatFits(family, { ...request, depth }, within, weights, hardware);
    if (width !== undefined) widths.set(family.name, width);
  }
  if (widths.size === 0) throw nothingFits(families, within);
  return widths;
}

/** Those that take what the model takes, in the order in which they are tried. @throws OptionError for a name that there is not, or that takes something else. */
function familiesOf({ families, architecture: given, task }: Wanted): readonly Architecture[] {
  const { kind, prepared } = takenBy(task);
  const fitting = architectures.filter((family) => family.takes === kind && (family.prepared ?? prepared) === prepared);
  const other = families?.map(familyOf).find((family) => !fitting.includes(family));
  if (other || fitting.length === 0)
    throw new OptionError({
      what: other ? `The architecture "${other.name}" does not take what the model takes` : 'No architecture takes what the model takes',
      expected: fitting.map(({ name }) => name).join(', ') || 'images, rows of numbers or texts',
      got: prepared ? `${kind}, prepared as ${prepared}` : kind,
      fix: 'Use shrink-and-improve, which keeps the model as it is',
    });
  if (families) return families.map(familyOf);
  const isGiven = ({ name }: Architecture) => name === given?.name;
  return [...fitting].sort((a, b) => Number(isGiven(b)) - Number(isGiven(a)));
}

function nothingFits(families: Wanted['families'], limits: Limits): OptionError {
  return new OptionError({
    what: `${families ? `None of ${families.join(', ')}` : 'No architecture'} is that small, however narrow`,
    got: Object.entries(limits)
      .map(([name, limit]) => `${name} ${limit}`)
      .join(', '),
    fix: 'Allow more.',
  });
}
