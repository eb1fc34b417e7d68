import { type Architecture, architectures, architecture as familyOf } from '../architectures/index.js';
import { OptionError } from '../base/index.js';
import { encodeModel } from '../onnx/index.js';
import { imageShape } from './build.js';
import { type WeightType, widthThatFits } from './fit.js';
import type { Limits } from './info.js';
import type { PlanContext } from './strategy.js';

/**
 * For each family that fits, how wide it may be so that its file with weights of the type is as large as the
 * limits allow; in the order in which they are tried. Where no limit can be counted beforehand, the limit is the size of the baseline's file.
 */
export function fittingWidths(context: PlanContext, weights: WeightType): Map<string, number> {
  const { limits, original, task, architecture: given } = context;
  const classes = task.width ?? 0;
  const input = imageShape(original);
  const countable = limits.maxSize !== undefined || limits.maxMacs !== undefined;
  const within = countable ? limits : { maxSize: encodeModel(original).byteLength };
  const widths = new Map<string, number>();
  for (const family of familiesOf(context)) {
    const depth = family.name === given?.name ? given.depth : 1;
    const width = widthThatFits(family, { input, classes, depth }, within, weights);
    if (width !== undefined) widths.set(family.name, width);
  }
  if (widths.size === 0) throw nothingFits(context, within);
  return widths;
}

/** In the order in which they are tried. @throws OptionError for a name that there is not. */
function familiesOf({ families, architecture: given }: PlanContext): readonly Architecture[] {
  if (families) return families.map(familyOf);
  const isGiven = ({ name }: Architecture) => name === given?.name;
  return [...architectures].sort((a, b) => Number(isGiven(b)) - Number(isGiven(a)));
}

function nothingFits({ families }: PlanContext, limits: Limits): OptionError {
  return new OptionError({
    what: `${families ? `None of ${families.join(', ')}` : 'No architecture'} is that small, however narrow`,
    got: Object.entries(limits)
      .map(([name, limit]) => `${name} ${limit}`)
      .join(', '),
    fix: 'Allow more.',
  });
}
