import type { Leaf, Range, TreeAxis } from './forest.js';

/** The variance of what a tree says, over one axis alone: of its mean over all others, each place of the space counting alike. */
export function marginalVariance(leaves: readonly Leaf[], axes: readonly TreeAxis[], axis: number): number {
  const parts = leaves.map(({ value, ranges }) => {
    let volume = 1;
    for (let other = 0; other < axes.length; other++) if (other !== axis) volume *= shareOf(ranges[other], axes[other]);
    return { range: ranges[axis], height: value * volume };
  });
  const { choices } = axes[axis];
  const steps = choices === undefined ? overNumbers(parts) : overChoices(parts, choices);
  const mean = steps.reduce((sum, { width, height }) => sum + width * height, 0);
  return steps.reduce((sum, { width, height }) => sum + width * (height - mean) ** 2, 0);
}

interface Part {
  readonly range: Range;
  readonly height: number;
}

/** A part of an axis, by its share of it, and the mean there. */
interface Step {
  readonly width: number;
  readonly height: number;
}

function shareOf(range: Range, { choices = 1 }: TreeAxis): number {
  return range instanceof Set ? range.size / choices : to(range) - from(range);
}

function overChoices(parts: readonly Part[], choices: number): Step[] {
  return Array.from({ length: choices }, (_, choice) => ({
    width: 1 / choices,
    height: parts.reduce((sum, { range, height }) => sum + ((range as ReadonlySet<number>).has(choice) ? height : 0), 0),
  }));
}

function overNumbers(parts: readonly Part[]): Step[] {
  const changes = new Map<number, number>();
  const add = (place: number, height: number) => changes.set(place, (changes.get(place) ?? 0) + height);
  for (const { range, height } of parts) {
    add(from(range), height);
    add(to(range), -height);
  }
  const places = [...changes.keys()].sort((a, b) => a - b);
  let height = 0;
  return places.slice(0, -1).map((place, i) => {
    height += changes.get(place) as number;
    return { width: places[i + 1] - place, height };
  });
}

function from(range: Range): number {
  return (range as readonly [number, number])[0];
}

function to(range: Range): number {
  return (range as readonly [number, number])[1];
}
