import { OptionError } from '../base/index.js';
import { audio } from './audio/index.js';
import { image } from './image/index.js';
import type { Modality } from './modality.js';
import { features } from './table/index.js';
import { tensor } from './tensor/index.js';
import { text } from './text/index.js';

/** Every kind of data. */
const MODALITIES: Modality[] = [image, audio, features, text, tensor];

/** Adds a kind of data to those that every command knows. @throws OptionError where there is one of this name. */
export function addModality(modality: Modality): void {
  if (MODALITIES.some(({ kind }) => kind === modality.kind))
    throw new OptionError({ what: 'There is a modality of this kind already', got: modality.kind });
  MODALITIES.push(modality);
}

/** All kinds of data. */
export function modalities(): readonly Modality[] {
  return MODALITIES;
}

/** @throws OptionError for a kind that none is of. */
export function modalityOf(kind: string): Modality {
  const found = MODALITIES.find((each) => each.kind === kind);
  if (found) return found;
  throw new OptionError({ what: `There is no modality for "${kind}"`, expected: MODALITIES.map((each) => each.kind).join(', ') });
}
