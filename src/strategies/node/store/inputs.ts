import { randomBytes } from 'node:crypto';
import { constants, existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { FormatError, OptionError, ResourceError } from '../../../base/index.js';
import { makeFolder, readJson } from '../../../base/node/index.js';
import { weightFiles } from '../../../onnx/node/index.js';
import { sha256Of } from './folder-store.js';
import { inDraft } from './models.js';
import type { Store } from './store.js';

/** Files that are fetched side by side. */
const SIDE_BY_SIDE = 8;
const SCHEMA = 'espalier/inputs@1';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const name = z.string().min(1).max(4096).refine(isInner, 'leads out of its folder');

const manifest = z.object({
  schema: z.literal(SCHEMA),
  /** Of which run, so that runs with the same inputs are told apart. */
  run: z.string(),
  inputs: z.array(
    z.object({
      /** As the command line has it. */
      given: z.string(),
      /** What of the files is meant. */
      main: name,
      files: z.array(z.object({ path: name, sha256 })),
    }),
  ),
});

type Manifest = z.infer<typeof manifest>;

/**
 * Puts the files and folders that a run was given into a store, each file named by its own SHA-256.
 * @param run tells runs apart. @param given paths as the command line has them. @param work a folder for drafts.
 * @returns the SHA-256 of the list of them, which is an input as well. @throws OptionError where there is no such file.
 */
export async function publishInputs(store: Store, run: string, given: readonly string[], work: string): Promise<string> {
  const inputs: Manifest['inputs'] = [];
  for (const each of given) {
    const at = resolve(each);
    const folder = dirname(at);
    const files: Manifest['inputs'][number]['files'] = [];
    for (const path of await filesOf(at)) {
      const digest = await sha256Of(join(folder, path));
      await store.publish(`inputs/${digest}`, join(folder, path));
      files.push({ path, sha256: digest });
    }
    inputs.push({ given: each, main: basename(at), files });
  }
  return inDraft(work, async (draft) => {
    const path = join(draft, 'inputs.json');
    await writeFile(path, JSON.stringify({ schema: SCHEMA, run, inputs } satisfies Manifest));
    const digest = await sha256Of(path);
    await store.publish(`inputs/${digest}`, path);
    return digest;
  });
}

/**
 * Brings the files that a run was given to this machine.
 * @param list what `publishInputs` returned. @param folder where they are to be; what is there already is taken to be whole.
 * @returns where each is now, by what the command line has. @throws ResourceError where one is gone or changed; FormatError for what is no list.
 */
export async function bringInputs(store: Store, list: string, folder: string): Promise<Map<string, string>> {
  const path = await fetched(store, list);
  const { data, error } = manifest.safeParse(readJson(path));
  if (!data) throw new FormatError({ what: "Not a list of a run's inputs", where: path, got: error.issues[0].message });
  const places = data.inputs.map(({ given, main }, index) => [given, join(folder, String(index), main)] as const);
  if (existsSync(folder)) return new Map(places);
  makeFolder(dirname(folder));
  const draft = await mkdtemp(`${folder}-${randomBytes(3).toString('hex')}-`);
  try {
    const all = data.inputs.flatMap(({ files }, index) => files.map((file) => ({ ...file, at: join(draft, String(index), file.path) })));
    const left = all.values();
    const one = async () => {
      for (const file of left) await lay(await fetched(store, file.sha256), file.at);
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, one));
    await rename(draft, folder).catch((cause) => {
      // Another worker of this machine may have been faster.
      if (!existsSync(folder)) throw cause;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return new Map(places);
}

async function fetched(store: Store, digest: string): Promise<string> {
  const path = await store.fetch(`inputs/${digest}`);
  const found = path === undefined ? undefined : await sha256Of(path);
  if (path !== undefined && found === digest) return path;
  throw new ResourceError({
    what: found === undefined ? 'A file that the run was given is not there any more' : 'A file that the run was given was changed since',
    where: `${store.name}, inputs/${digest}`,
    fix: 'Start the same optimize command again: it brings what is there now.',
  });
}

async function lay(path: string, target: string): Promise<void> {
  makeFolder(dirname(target));
  await link(path, target).catch(() => copyFile(path, target, constants.COPYFILE_EXCL));
}

/** The files that a path stands for, relative to the folder that it lies in. */
async function filesOf(path: string): Promise<string[]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new OptionError({ what: 'There is no such file or folder', where: path });
  const own = basename(path);
  if (found.isDirectory()) return below(path, own);
  if (/\.onnx$/i.test(path)) return [own, ...weightFiles(path)];
  // Images and labels in the form of MNIST belong together.
  const [, stem] = /^(.+)-(?:images|labels)[-.]/.exec(own) ?? [];
  if (stem === undefined) return [own];
  return (await readdir(dirname(path))).filter((each) => each.startsWith(`${stem}-`)).sort();
}

/** Those that are not hidden, as data is read. */
async function below(folder: string, path: string): Promise<string[]> {
  const files: string[] = [];
  for (const each of (await readdir(folder)).sort()) {
    if (each.startsWith('.')) continue;
    const found = statSync(join(folder, each), { throwIfNoEntry: false });
    if (found?.isDirectory()) files.push(...(await below(join(folder, each), `${path}/${each}`)));
    else if (found?.isFile()) files.push(`${path}/${each}`);
  }
  return files;
}

/** Whether a path stays in its folder, on every system. */
function isInner(path: string): boolean {
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/[\p{Cc}\\]/u.test(part) && !/^[A-Za-z]:/.test(part));
}
