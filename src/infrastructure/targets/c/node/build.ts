import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeError, Stopped } from '../../../../base/index.js';
import { Tensor } from '../../../../onnx/index.js';
import { bytesOfStorage, type Lowered } from '../../../codegen/index.js';
import type { Tensors } from '../../../runtime/index.js';
import type { Program } from '../../languages.js';
import type { CompiledProgram, CompiledRunner } from '../../node/program.js';
import { cSource } from '../source.js';
import { harnessSource } from './harness.js';

/** What models are compiled with. */
const FLAGS = ['-std=c99', '-O3'];

/** The C compiler of this machine: $CC, or cc, gcc or clang; undefined where there is none. */
async function compilerOf(): Promise<string | undefined> {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  for (const candidate of candidates) if (await works(candidate)) return candidate;
  return undefined;
}

async function works(compiler: string): Promise<boolean> {
  try {
    await execute(compiler, ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** Runs compiled models as programs of this machine, each compiled in a folder of its own, which is deleted by `dispose`. */
export const nativeRunner: CompiledRunner = {
  open: async (program, signal) => {
    const compiler = await compilerOf();
    return compiler
      ? build(program, compiler, signal)
      : { absent: 'there is no C compiler: install gcc or clang, or name one by the variable CC' };
  },
};

async function build({ lowered, plan, small }: Program, compiler: string, signal: AbortSignal | undefined): Promise<CompiledProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-c-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const source = cSource(lowered, plan, { name: 'model', small });
    await writeFile(join(folder, 'model.c'), source.source);
    await writeFile(join(folder, 'model.h'), source.header);
    await writeFile(join(folder, 'main.c'), harnessSource(source, lowered.inputs, lowered.outputs));
    const program = join(folder, 'model');
    const posix = ['-D_POSIX_C_SOURCE=199309L', 'main.c', 'model.c', '-o', program, '-lm'];
    await execute(compiler, [...FLAGS, ...posix], { cwd: folder, signal });
    const start = (feeds: Tensors, runs?: number) =>
      execute(program, runs === undefined ? [] : [String(runs)], { cwd: folder, signal, input: inputBytes(lowered, feeds) });
    return {
      run: async (feeds) => outputsOf(lowered, await start(feeds)),
      time: async (feeds, runs) => {
        const bytes = await start(feeds, runs);
        return Array.from({ length: runs }, (_, run) => bytes.readDoubleLE(run * 8) / 1e6);
      },
      dispose,
    };
  } catch (cause) {
    await dispose();
    throw cause;
  }
}

function inputBytes({ inputs }: Lowered, feeds: Tensors): Buffer {
  return Buffer.concat(inputs.map(({ name }) => feeds[name].bytes()));
}

function outputsOf({ outputs }: Lowered, bytes: Buffer): Record<string, Tensor> {
  let at = 0;
  return Object.fromEntries(
    outputs.map(({ name, dtype, shape, buffer }) => {
      const length = bytesOfStorage(buffer.type, buffer.size);
      const contents = new Uint8Array(bytes.subarray(at, at + length));
      at += length;
      return [name, new Tensor(dtype, shape, contents)];
    }),
  );
}

interface Execution {
  readonly cwd?: string;
  readonly input?: Buffer;
  readonly signal?: AbortSignal;
}

/** Characters of a compiler's complaints that are shown. */
const SHOWN = 600;

/** Runs a program. @returns what it wrote. @throws RuntimeError where it does not start or ends with an error; Stopped when aborted. */
function execute(program: string, given: readonly string[], { cwd, input, signal }: Execution = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, given, { cwd, signal, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => out.push(piece));
    child.stderr.on('data', (piece: Buffer) => errors.push(piece));
    // A program that ends early closes its input: its exit status tells what happened.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (cause) =>
      reject(
        signal?.aborted
          ? new Stopped('Stopped by the caller', { cause: signal.reason })
          : new RuntimeError({ what: `${program} does not start: ${cause.message}` }, { cause }),
      ),
    );
    child.on('close', (status, ended) => {
      if (status === 0) resolve(Buffer.concat(out));
      else
        reject(
          new RuntimeError({ what: `${program} ended with ${ended ?? status}`, got: Buffer.concat(errors).toString().slice(0, SHOWN) }),
        );
    });
  });
}
