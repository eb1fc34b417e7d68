import { OptionError } from '../base/index.js';
import type { Architecture } from './architecture.js';
import { dsCnn } from './ds-cnn.js';
import { fastCnn } from './fast-cnn.js';
import { mobilenet } from './mobilenet.js';
import { resnet8, resnet20 } from './resnet.js';
import { surveyCnn } from './survey-cnn.js';

export type { Architecture, ArchitectureRequest, Scale } from './architecture.js';
export { dsCnn, fastCnn, mobilenet, resnet8, resnet20, surveyCnn };

/** Every architecture that --arch knows. */
export const architectures: readonly Architecture[] = [surveyCnn, resnet8, resnet20, mobilenet, fastCnn, dsCnn];

/** @throws OptionError for a name that no architecture has. */
export function architecture(name: string): Architecture {
  const found = architectures.find((each) => each.name === name);
  if (found) return found;
  throw new OptionError({ what: `There is no architecture "${name}"`, expected: architectures.map((each) => each.name).join(', ') });
}
