import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '../../base/node/index.js';
import type { ProgramSummary } from '../../infrastructure/codegen/index.js';
import { languages } from '../../infrastructure/targets/index.js';
import type { CommandContext } from '../context.js';
import { type Checked, checkCompiled } from './check.js';
import { lowerFile } from './lower.js';

export interface CompileRequest {
  readonly target: keyof typeof languages;
  /** Folder for the files; made where it is missing. */
  readonly out: string;
  /** Begin of the files' and functions' names. Default: the model's file name. */
  readonly name?: string;
  readonly shapes?: Record<string, number[]>;
  /** Whether what was made is run beside the model. */
  readonly check: boolean;
}

export interface CompiledFiles {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly summary: ProgramSummary;
  readonly checked?: Checked;
  /** How it is used, in a few lines. */
  readonly usage: readonly string[];
}

/** Compiles a model and writes the files, after what was made has been run. */
export async function compileFile(
  context: CommandContext,
  path: string,
  { target, out, name, shapes, check }: CompileRequest,
): Promise<CompiledFiles> {
  const language = languages[target];
  const file = await lowerFile(context, path, { shapes, schedule: language.schedule });
  const written = language.write(file, { name: name ?? basename(path).replace(/\.[a-z]+$/i, ''), from: basename(path) });
  await mkdir(out, { recursive: true });
  const files = written.files.map((each) => ({ path: join(out, each.name), bytes: Buffer.byteLength(each.contents) }));
  for (const each of files) context.willWrite(each.path);
  const checked = check ? await checkCompiled(context, target, file) : undefined;
  for (const [index, { contents }] of written.files.entries()) await writeFileAtomic(files[index].path, contents);
  return { files, summary: file.summary, checked, usage: written.usage };
}
