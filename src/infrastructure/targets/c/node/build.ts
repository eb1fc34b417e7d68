import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeError, Stopped } from '../../../../base/index.js';
import { Tensor } from '../../../../onnx/index.js';
import { bytesOfStorage, type Lowered } from '../../../codegen/index.js';
import type { Tensors } from '../../../runtime/index.js';
import { bytesOfConstant } from '../../constants.js';
import type { Program } from '../../languages.js';
import type { CompiledProgram, CompiledRunner, ProbedProgram } from '../../node/program.js';
import { type CSource, cSource, type SourceOptions } from '../source.js';
import { CONSTANTS, harnessSource, probeSource } from './harness.js';

/** What models are compiled with: $CFLAGS, where that is set. */
const flags = () => ['-std=c99', ...(process.env.CFLAGS?.split(/\s+/).filter((flag) => flag !== '') ?? ['-O3'])];

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

const NO_COMPILER = { absent: 'there is no C compiler: install gcc or clang, or name one by the variable CC' };

/** Runs compiled models as programs of this machine, each compiled in a folder of its own, which is deleted by `dispose`. */
export const nativeRunner: CompiledRunner = {
  engine: async () => {
    const compiler = await compilerOf();
    if (!compiler) return NO_COMPILER;
    const [version] = (await execute(compiler, ['--version'])).toString().split('\n');
    return [version, ...flags()].join(' ');
  },
  probe: async (program, signal) => {
    const compiler = await compilerOf();
    return compiler ? probed(program, compiler, signal) : NO_COMPILER;
  },
  open: async (program, signal) => {
    const compiler = await compilerOf();
    return compiler ? opened(program, compiler, signal) : NO_COMPILER;
  },
};

/** A folder with a program that was compiled in it. */
interface Built {
  /** Runs it. @param runs number that it is given, if any. @returns what it writes. */
  start(feeds: Tensors, runs?: number): Promise<Buffer>;
  dispose(): Promise<void>;
}

/** @param filesOf what lies beside the source and its header. */
async function built(
  { lowered, plan, small }: Program,
  compiler: string,
  options: Pick<SourceOptions, 'probed'>,
  filesOf: (source: CSource) => Readonly<Record<string, string | Uint8Array>>,
  signal: AbortSignal | undefined,
): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-c-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const source = cSource(lowered, plan, { name: 'model', small, ...options });
    const files = { 'model.c': source.source, 'model.h': source.header, ...filesOf(source) };
    for (const [name, contents] of Object.entries(files)) await writeFile(join(folder, name), contents);
    const program = join(folder, 'model');
    const posix = ['-D_POSIX_C_SOURCE=199309L', 'main.c', 'model.c', '-o', program, '-lm'];
    await execute(compiler, [...flags(), ...posix], { cwd: folder, signal });
    return {
      start: (feeds, runs) =>
        execute(program, runs === undefined ? [] : [String(runs)], { cwd: folder, signal, input: inputBytes(lowered, feeds) }),
      dispose,
    };
  } catch (cause) {
    await dispose();
    throw cause;
  }
}

async function opened(program: Program, compiler: string, signal: AbortSignal | undefined): Promise<CompiledProgram> {
  const { lowered } = program;
  const harness = (source: CSource) => ({ 'main.c': harnessSource(source, lowered.inputs, lowered.outputs) });
  const { start, dispose } = await built(program, compiler, {}, harness, signal);
  return {
    run: async (feeds) => outputsOf(lowered, await start(feeds)),
    time: async (feeds, runs) => doubles(await start(feeds, runs)).map((ns) => ns / 1e6),
    dispose,
  };
}

async function probed(program: Program, compiler: string, signal: AbortSignal | undefined): Promise<ProbedProgram> {
  const { lowered, plan } = program;
  const count = plan.kernels.length;
  const filesOf = (source: CSource) => ({
    'main.c': probeSource(source, lowered.inputs, lowered.outputs, count),
    [CONSTANTS]: Buffer.concat([...source.constants.keys()].map(bytesOfConstant)),
  });
  const { start, dispose } = await built(program, compiler, { probed: true }, filesOf, signal);
  return {
    times: async (feeds, runs) => {
      const all = Float64Array.from(doubles(await start(feeds, runs)));
      return Array.from({ length: runs }, (_, run) => all.subarray(run * count, (run + 1) * count));
    },
    dispose,
  };
}

function doubles(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readDoubleLE(at * 8));
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
