import { z } from 'zod';
import { OptionError } from '../../base/index.js';
import { cpuModel, cpuSchema } from './cpu/index.js';
import { gpuModel, gpuSchema } from './gpu/index.js';
import { microcontrollerModel, microcontrollerSchema } from './microcontroller/index.js';
import type { HardwareModel } from './model.js';
import { rooflineModel, rooflineSchema } from './roofline/index.js';
import { systolicModel, systolicSchema } from './systolic/index.js';

const schema = z.discriminatedUnion('kind', [systolicSchema, gpuSchema, cpuSchema, microcontrollerSchema, rooflineSchema]);

/** Hardware as a JSON file describes it. */
export type HardwareProfile = z.infer<typeof schema>;

/**
 * Hardware from JSON, of a kind that its field `kind` names.
 * @param where the file, for errors.
 * @throws OptionError naming the field.
 */
export function parseHardware(json: unknown, where: string): HardwareModel {
  const { data, error } = schema.safeParse(json);
  if (data) return modelOf(data);
  const [issue] = error.issues;
  const field = issue.path.join('.');
  throw new OptionError({
    what: issue.message,
    where: field === '' ? where : `${where}, field "${field}"`,
    fix: 'docs/hardware.md has a file of each kind.',
  });
}

function modelOf(profile: HardwareProfile): HardwareModel {
  switch (profile.kind) {
    case 'systolic':
      return systolicModel(profile);
    case 'gpu':
      return gpuModel(profile);
    case 'cpu':
      return cpuModel(profile);
    case 'microcontroller':
      return microcontrollerModel(profile);
    case 'roofline':
      return rooflineModel(profile);
  }
}
