import { OptionError } from '../base/index.js';
import type { Architecture } from './architecture.js';
import { dsCnn } from './ds-cnn.js';
import { fastCnn } from './fast-cnn.js';
import { mlp } from './mlp.js';
import { mobilenet } from './mobilenet.js';
import { resnet8, resnet20 } from './resnet.js';
import { surveyCnn } from './survey-cnn.js';
import { textBag } from './text-bag.js';
import { textEncoder } from './text-encoder.js';

export type { Architecture, ArchitectureRequest, Scale } from './architecture.js';
export { dsCnn, fastCnn, mlp, mobilenet, resnet8, resnet20, surveyCnn, textBag, textEncoder };

/** Every architecture that --arch knows. */
export const architectures: readonly Architecture[] = [surveyCnn, resnet8, resnet20, mobilenet, fastCnn, mlp, textBag, textEncoder, dsCnn];

/** @throws OptionError for a name that no architecture has. */
export function architecture(name: string): Architecture {
  const found = architectures.find((each) => each.name === name);
  if (found) return found;
  throw new OptionError({ what: `There is no architecture "${name}"`, expected: architectures.map((each) => each.name).join(', ') });
}

/** The families that take a kind of samples, the one to begin with first. */
export function architecturesFor(kind: string): readonly Architecture[] {
  return architectures.filter(({ takes }) => takes === kind);
}
