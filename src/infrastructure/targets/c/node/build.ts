import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeError } from '../../../../base/index.js';
import { Tensor } from '../../../../onnx/index.js';
import { bytesOfStorage, type Lowered, type MemoryPlan } from '../../../codegen/index.js';
import { cSource } from '../source.js';
import { harnessSource } from './harness.js';

/** A compiled model as a program of this machine. Its files are deleted by `dispose`. */
export interface NativeModel {
  /** @throws RuntimeError where it ends with an error. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Milliseconds of each of some runs, after one that does not count. */
  time(feeds: Readonly<Record<string, Tensor>>, runs: number): Promise<number[]>;
  dispose(): Promise<void>;
}

/** What a model is compiled with where nothing else is asked for. */
export const FLAGS: readonly string[] = ['-std=c99', '-O3'];

/** The C compiler of this machine: $CC, or cc, gcc or clang; undefined where there is none. */
export async function compilerOf(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const candidates = environment.CC ? [environment.CC] : ['cc', 'gcc', 'clang'];
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

/**
 * Compiles a program for this machine, in a folder of its own.
 * @throws RuntimeError with what the compiler says.
 */
export async function buildNative(
  lowered: Lowered,
  plan: MemoryPlan,
  { compiler, flags = FLAGS, signal }: { compiler: string; flags?: readonly string[]; signal?: AbortSignal },
): Promise<NativeModel> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-c-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const source = cSource(lowered, plan, { name: 'model' });
    await writeFile(join(folder, 'model.c'), source.source);
    await writeFile(join(folder, 'model.h'), source.header);
    await writeFile(join(folder, 'main.c'), harnessSource(source, lowered.inputs, lowered.outputs));
    const program = join(folder, 'model');
    const posix = ['-D_POSIX_C_SOURCE=199309L', 'main.c', 'model.c', '-o', program, '-lm'];
    await execute(compiler, [...flags, ...posix], { cwd: folder, signal });
    const start = (feeds: Readonly<Record<string, Tensor>>, runs?: number) =>
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

function inputBytes({ inputs }: Lowered, feeds: Readonly<Record<string, Tensor>>): Buffer {
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

/** Runs a program. @returns what it wrote. @throws RuntimeError where it does not start or ends with an error. */
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
    child.on('error', (cause) => reject(new RuntimeError({ what: `${program} does not start: ${cause.message}` }, { cause })));
    child.on('close', (status, ended) => {
      if (status === 0) resolve(Buffer.concat(out));
      else
        reject(
          new RuntimeError({ what: `${program} ended with ${ended ?? status}`, got: Buffer.concat(errors).toString().slice(0, SHOWN) }),
        );
    });
  });
}
