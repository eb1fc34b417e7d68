import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { attempted, FormatError } from '../../../base/index.js';
import { makeFolder, readJson, writeFileAtomic } from '../../../base/node/index.js';
import type { Sample } from './samples.js';

/** What a wish says that it is. */
const SCHEMA = 'espalier/device-job@1';
/** Where in a run's folder they lie. */
const FOLDER = 'device-jobs';
const ENDING = '.job.json';

const header = z.strictObject({
  schema: z.literal(SCHEMA),
  device: z.string(),
  model: z.string(),
  /** Relative to the run's folder. */
  file: z.string(),
});

const tensor = z.strictObject({ name: z.string(), dtype: z.string(), shape: z.array(z.int().min(0)), data: z.string() });
const sample = z.strictObject({
  bytes: z.int().positive(),
  feeds: z.array(tensor),
  expected: z.array(tensor),
  tolerance: z.number().min(0),
});

/** A model that a run wants to have measured by the device of a name, for which it waits. */
export type Wish = Pick<z.infer<typeof header>, 'device' | 'model' | 'file'>;

/** Leaves a wish in a run's folder, for whichever studio shows that. What the model is fed comes with it: only the run has the data. */
export async function wishFor(folder: string, wish: Wish, fed: Sample): Promise<void> {
  makeFolder(join(folder, FOLDER));
  await writeFileAtomic(samplePath(folder, wish.model), JSON.stringify(fed));
  await writeFileAtomic(headerPath(folder, wish.model), JSON.stringify({ schema: SCHEMA, ...wish }));
}

/** Takes a wish back, or one that has come true. */
export async function forgetWish(folder: string, model: string): Promise<void> {
  await rm(headerPath(folder, model), { force: true });
  await rm(samplePath(folder, model), { force: true });
}

/** What a run waits for; a wish that cannot be read is none. */
export async function wishesIn(folder: string): Promise<Wish[]> {
  const names = await readdir(join(folder, FOLDER)).catch(() => []);
  const found: Wish[] = [];
  for (const name of names.filter((each) => each.endsWith(ENDING))) {
    const { data } = header.safeParse(
      await attempted(
        () => readJson(join(folder, FOLDER, name)),
        () => undefined,
      ),
    );
    if (data) found.push({ device: data.device, model: data.model, file: data.file });
  }
  return found;
}

/** What a model is fed, and should answer. @throws FormatError where that is damaged. */
export function sampleOfWish(folder: string, model: string): Sample {
  const path = samplePath(folder, model);
  const { data, error } = sample.safeParse(readJson(path));
  if (data) return data;
  const [issue] = error.issues;
  throw new FormatError({ what: 'What a device is to be fed is damaged', where: path, got: `${issue.path.join('.')}: ${issue.message}` });
}

function headerPath(folder: string, model: string): string {
  return join(folder, FOLDER, `${nameOf(model)}${ENDING}`);
}

function samplePath(folder: string, model: string): string {
  return join(folder, FOLDER, `${nameOf(model)}.sample.json`);
}

/** Ids of models hold names of techniques, which are anybody's. */
function nameOf(model: string): string {
  return createHash('sha256').update(model).digest('hex').slice(0, 16);
}
