import type { Model } from '../../../onnx/index.js';
import { type Choice, chooseParts } from './choose-parts.js';
import type { Following } from './following.js';
import type { Measured } from './output-shares.js';
import type { Part } from './switched-storage.js';

export interface ByFilesRequest {
  parts: readonly Part[];
  /** Parts that are left out already. */
  left: ReadonlySet<number>;
  following: Following;
  /** The share that is good enough; see `Measured`. */
  allowed: number;
  /** The model without some parts. */
  write(left: ReadonlySet<number>): Model;
}

export interface ByFiles {
  readonly left: ReadonlySet<number>;
  /** How the written models follow, as it was and as it is. */
  readonly before: Measured;
  readonly now: Measured;
}

/** Models that are written and run to find which single layers are at fault. */
const MOST = 12;

/**
 * What the switched graph does not show is looked for in written models: the integer operators add up in whole numbers, which differs where the original's own sums
 * overflow, say. As few further activations as are needed stay in float.
 * @returns undefined where the written model follows as it is, or where none of them helps.
 */
export async function leftByFiles({ parts, left, following, allowed, write }: ByFilesRequest): Promise<ByFiles | undefined> {
  const known = new Map<string, Measured>();
  const measureWithout = async (more: ReadonlySet<number>) => {
    const key = [...more].sort((a, b) => a - b).join();
    const found = known.get(key) ?? (await following.of(write(more)));
    known.set(key, found);
    return found;
  };
  const before = await measureWithout(left);
  const gone = new Set([...left].flatMap((index) => (parts[index].rounds === 'weight' ? [parts[index].node] : [])));
  const open = [...parts.keys()].filter(
    (index) => parts[index].rounds === 'activation' && !left.has(index) && !gone.has(parts[index].node),
  );
  if (before.share <= allowed || open.length === 0) return undefined;
  const without = (on: readonly number[]) => {
    const kept = new Set(on.map((place) => open[place]));
    return new Set([...left, ...open.filter((index) => !kept.has(index))]);
  };
  if (!((await measureWithout(without([]))).share < before.share)) return undefined;
  const choice: Choice = await chooseParts({
    parts: open.map((index) => parts[index]),
    measure: async (on) => (await measureWithout(without(on))).share / allowed,
    most: 2 * MOST,
  });
  const chosen = new Set([...left, ...[...choice.left].map((place) => open[place])]);
  return { left: chosen, before, now: await measureWithout(chosen) };
}
