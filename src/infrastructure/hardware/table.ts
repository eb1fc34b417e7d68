import { OptionError } from '../../base/index.js';
import { gpuCards, gpuModel } from './gpu/index.js';
import { microcontrollerModel, microcontrollers } from './microcontroller/index.js';
import type { HardwareModel } from './model.js';
import { rooflineDevices, rooflineModel } from './roofline/index.js';
import { systolicArrays, systolicModel } from './systolic/index.js';

/** All hardware that has a name. */
const HARDWARE: HardwareModel[] = [
  ...systolicArrays.map(systolicModel),
  ...gpuCards.map(gpuModel),
  ...microcontrollers.map(microcontrollerModel),
  ...rooflineDevices.map(rooflineModel),
];

export function hardwareModels(): readonly HardwareModel[] {
  return HARDWARE;
}

/** Adds hardware to what models are estimated on. @throws OptionError where the name is taken. */
export function addHardware(model: HardwareModel): void {
  if (HARDWARE.some(({ name }) => name === model.name))
    throw new OptionError({ what: 'There is hardware of this name already', got: model.name });
  HARDWARE.push(model);
}

/** @throws OptionError for a name that no hardware has. */
export function hardwareNamed(name: string): HardwareModel {
  const found = HARDWARE.find((model) => model.name === name);
  if (found) return found;
  throw new OptionError({
    what: `There is no hardware "${name}"`,
    expected: `${HARDWARE.map((model) => model.name).join(', ')}, or a JSON file`,
  });
}
