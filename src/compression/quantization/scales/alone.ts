import type { Model } from '../../../onnx/index.js';
import { type Migration, migrate } from './migrate.js';

/** A layer stands between two others: what one pass does to its rows the next sees in its columns. */
const PASSES = 3;

/** A prepared model whose scales were moved by its own constants alone, until nothing moves any more; undefined where nothing does. */
export function movedAlone(source: Model, kinds: readonly Migration[], perChannel: boolean): MovedAlone | undefined {
  let model = source;
  const places = new Map<Migration, number>();
  for (const kind of kinds) {
    for (let pass = 0; pass < PASSES; pass++) {
      const moved = migrate(model, kind, undefined, perChannel);
      if (!moved) break;
      model = moved.model;
      places.set(kind, Math.max(places.get(kind) ?? 0, moved.places));
    }
  }
  return places.size > 0 ? { model, places } : undefined;
}

export interface MovedAlone {
  model: Model;
  /** Activations whose channels were divided, by the kind of migration. */
  places: ReadonlyMap<Migration, number>;
}
