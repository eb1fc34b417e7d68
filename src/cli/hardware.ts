import { basename } from 'node:path';
import { readJson } from '../base/node/index.js';
import { type HardwareModel, hardwareNamed, parseHardware } from '../infrastructure/hardware/index.js';

/** Hardware by its name, or from a JSON file. @throws OptionError where there is none of this name, or the file describes none. */
export function hardwareFrom(text: string): HardwareModel {
  return text.endsWith('.json') ? parseHardware(readJson(text), basename(text)) : hardwareNamed(text);
}
