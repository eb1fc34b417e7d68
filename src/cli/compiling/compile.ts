import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OptionError } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import type { ProgramSummary } from '../../infrastructure/codegen/index.js';
import { languages } from '../../infrastructure/targets/index.js';
import type { Model } from '../../onnx/index.js';
import { checkFolder } from '../checks.js';
import type { CommandContext } from '../context.js';
import { Refused } from '../shipping/index.js';
import { type Checked, checkCompiled } from './check.js';
import { type CodeLimits, requireWithin } from './limits.js';
import { lowerFile } from './lower.js';
import { type TunedFile, type TuneOptions, tuneModel } from './tune.js';

export interface CompileRequest extends CodeLimits {
  readonly target: keyof typeof languages;
  /** Folder for the files; made where it is missing. */
  readonly out: string;
  /** Begin of the files' and functions' names. Default: the model's file name. */
  readonly name?: string;
  readonly shapes?: Record<string, number[]>;
  /** Whether C is to be small rather than fast on processors without vectors. */
  readonly small?: boolean;
  /** Whether the first layers are computed part by part, and how much may be computed again for it: see lowerFile. */
  readonly patches?: boolean | number;
  /** Whether what was made is run beside the model. */
  readonly check: boolean;
  /** Whether it is written even where it answers differently from the model. */
  readonly force?: boolean;
  /** Whether, and how, each kernel is computed in the way that is fastest here. Default: all in the usual ways. */
  readonly tuning?: TuneOptions;
}

export interface CompiledFiles {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly summary: ProgramSummary;
  /** Bytes that --max-flash and --max-ram are held against. */
  readonly flash: number;
  readonly ram: number;
  readonly checked?: Checked;
  readonly tuned?: TunedFile;
  /** How it is used, in a few lines. */
  readonly usage: readonly string[];
}

/** Compiles a model and writes the files, after what was made has been run. @throws Refused where it answers differently from the model, or needs more than it may. */
export async function compileFile(
  context: CommandContext,
  path: string,
  { target, out, name, shapes, small, patches, check, force, tuning, ...limits }: CompileRequest,
): Promise<CompiledFiles> {
  if (small && target !== 'c')
    throw new OptionError({ what: '--small is for C', got: `--target ${target}`, fix: 'Leave one of them out.' });
  checkFolder(out);
  const language = languages[target];
  let tuned: TunedFile | undefined;
  const tilings = tuning
    ? async (prepared: Model, model: Model) => {
        tuned = await tuneModel(context, target, { prepared, model }, tuning);
        return tuned.tilings;
      }
    : undefined;
  const file = { ...(await lowerFile(context, path, { shapes, schedule: language.schedule, patches, tilings })), small };
  const written = language.write(file, { name: name ?? basename(path).replace(/\.[a-z]+$/i, ''), from: basename(path) });
  requireWithin(limits, written, file.summary);
  const files = written.files.map((each) => ({ path: join(out, each.name), bytes: Buffer.byteLength(each.contents) }));
  if (existsSync(out)) for (const each of files) context.willWrite(each.path);
  const checked = check ? await checkCompiled(context, target, file) : undefined;
  if (checked && (checked.status === 'differs' || checked.status === 'fails') && !force)
    throw new Refused({
      what: `The code is not written, because ${checked.how} it does not agree with ONNX Runtime: ${checked.detail}`,
      where: out,
      fix: 'Write it all the same with --force.',
    });
  makeFolder(out);
  await writeTogether(written.files.map(({ name: each, contents }) => ({ path: join(out, each), contents })));
  return { files, summary: file.summary, flash: written.flash, ram: written.ram, checked, tuned, usage: written.usage };
}

/** Writes files of which each takes its name only when all others are on the disk: code and its header belong together. */
async function writeTogether([first, ...others]: readonly {
  readonly path: string;
  readonly contents: string | Uint8Array;
}[]): Promise<void> {
  if (first) await writeFileAtomic(first.path, first.contents, () => writeTogether(others));
}
