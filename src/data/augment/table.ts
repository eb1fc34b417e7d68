import { OptionError, unknownName } from '../../base/index.js';
import type { AugmentationKind } from './kind.js';
import { usualAugmentations } from './usual.js';

const KINDS = new Map(usualAugmentations.map((kind) => [kind.name, kind]));

/** Adds an augmentation to those that every pipeline can name. @throws OptionError where there is one of this name. */
export function addAugmentation(kind: AugmentationKind): void {
  if (KINDS.has(kind.name)) throw new OptionError({ what: 'There is an augmentation of this name already', got: kind.name });
  KINDS.set(kind.name, kind);
}

/** Every augmentation that there is, by name. */
export function augmentationKinds(): ReadonlyMap<string, AugmentationKind> {
  return KINDS;
}

/** @throws OptionError for a name that no augmentation has. */
export function augmentationNamed(name: string): AugmentationKind {
  const found = KINDS.get(name);
  if (found) return found;
  throw unknownName(name, KINDS.keys(), { what: 'No such augmentation', got: JSON.stringify(name) });
}
