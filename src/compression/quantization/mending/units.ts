/** Parts that are left out together, and what they do when they alone are rounded; see `TrialNoise`. */
export interface Unit {
  readonly parts: readonly number[];
  readonly share: number;
  /** Numbers that stay floats where it is left out. */
  readonly size: number;
}

export interface UnitsRequest {
  parts: readonly number[];
  sizeOf: (part: number) => number;
  measure: (parts: readonly number[]) => Promise<number>;
  /** Measurements at most, beside the first. */
  most: number;
  /** What all parts together may do. */
  allowed: number;
}

/** Groups that are not divided any more may do so much of what is allowed, all together. */
const LEFT = 0.25;

/**
 * What each part does alone where that can be afforded; else of groups of neighbours, of which the one that does most is halved, again and again, until those
 * that are left hardly matter: few bad layers of many are found in few measurements.
 */
export async function measuredUnits({ parts, sizeOf, measure, most, allowed }: UnitsRequest): Promise<Unit[]> {
  const unit = async (members: readonly number[]): Promise<Unit> => ({
    parts: members,
    share: await measure(members),
    size: members.reduce((sum, part) => sum + sizeOf(part), 0),
  });
  if (parts.length <= most) {
    const units: Unit[] = [];
    for (const part of parts) units.push(await unit([part]));
    return units;
  }
  let units = [await unit(parts)];
  for (let done = 0; done + 2 <= most; done += 2) {
    const groups = units.filter((each) => each.parts.length > 1);
    const [first, ...rest] = groups;
    if (!first || groups.reduce((sum, { share }) => sum + share, 0) <= LEFT * allowed) break;
    const worst = rest.reduce((most, each) => (each.share > most.share ? each : most), first);
    const half = worst.parts.length >> 1;
    const halves = [await unit(worst.parts.slice(0, half)), await unit(worst.parts.slice(half))];
    units = units.flatMap((each) => (each === worst ? halves : [each]));
  }
  return units;
}
