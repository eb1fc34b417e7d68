import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FormatError } from '../../../base/index.js';
import { readJson, writeFileAtomic } from '../../../base/node/index.js';
import type { DeviceHello, RunFinding } from '../../api/index.js';
import { deviceHello, deviceMeasurement } from '../../api/schemas.js';

/** What a run's devices.json says that it is. */
const SCHEMA = 'espalier/devices@1';

const measured = z.strictObject({
  device: deviceHello,
  model: z.string(),
  at: z.number(),
  backends: z.array(deviceMeasurement),
});
const document = z.strictObject({ schema: z.literal(SCHEMA), results: z.array(measured) });

/** What a device found of a model. */
export type Measured = z.infer<typeof measured>;

/** What tells devices apart: the owner's name for one, and what its browser says that it is. */
export function deviceKey({ name, userAgent }: Pick<DeviceHello, 'name' | 'userAgent'>): string {
  return JSON.stringify([name, userAgent]);
}

/** What devices found of the models of the run in a folder; nothing where there is no devices.json. @throws FormatError where it is damaged. */
export function findingsIn(folder: string): RunFinding[] {
  return new DeviceRecord(folder).results().map(({ device, model, backends }) => ({ device: device.name, model, backends }));
}

/** What devices found of a run's models, kept in its folder as devices.json. */
export class DeviceRecord {
  readonly #path: string;
  #results: readonly Measured[] | undefined;
  /** Writes, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, 'devices.json');
  }

  /** @throws FormatError where the file is damaged. */
  results(): readonly Measured[] {
    this.#results ??= existsSync(this.#path) ? read(this.#path) : [];
    return this.#results;
  }

  has(device: Pick<DeviceHello, 'name' | 'userAgent'>, model: string): boolean {
    return this.results().some((each) => each.model === model && deviceKey(each.device) === deviceKey(device));
  }

  /** What the first device of a name found of a model, as the file has it now: another process may have written it. */
  of(name: string, model: string): Measured | undefined {
    this.#results = undefined;
    return this.results().find((each) => each.model === model && each.device.name === name);
  }

  /** Adds a result, on the disk when it resolves. @returns false where this device's result for the model is there already: the first one stays. */
  add(result: Measured): Promise<boolean> {
    const mine = this.#last.then(async () => {
      // Another studio may have written meanwhile.
      this.#results = undefined;
      if (this.has(result.device, result.model)) return false;
      const results = [...this.results(), result];
      await writeFileAtomic(this.#path, `${JSON.stringify({ schema: SCHEMA, results }, null, 2)}\n`);
      this.#results = results;
      return true;
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

function read(path: string): readonly Measured[] {
  const { data, error } = document.safeParse(readJson(path));
  if (data) return data.results;
  const [issue] = error.issues;
  throw new FormatError({
    what: 'The file of what devices found is damaged',
    where: `${path}, ${issue.path.map(String).join('.') || 'whole'}`,
    got: issue.message,
    fix: 'Move it away: devices then measure anew.',
  });
}
