import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../../../base/node/index.js';
import { Refusal } from '../refusal.js';

/** What a run that was started here prints. */
export const LOG = 'run.log';
/** Bytes of its end that are looked at for why it failed. */
const LOG_END = 4096;

/** A run that this studio started. */
export interface StartedRun {
  readonly id: string;
  readonly folder: string;
  readonly pid: number | undefined;
  /** Milliseconds since 1970. */
  readonly begun: number;
  /** Absent while it runs. */
  ended?: { readonly at: number; readonly code: number | null };
}

/**
 * Runs as processes of their own: they go on when the studio ends, or is killed. What they print is kept as run.log in their folder.
 */
export class Processes {
  readonly #root: string;
  readonly #most: number;
  readonly #runs = new Map<string, StartedRun>();

  /** @param most how many may run at a time. */
  constructor(root: string, most: number) {
    this.#root = root;
    this.#most = most;
  }

  get all(): readonly StartedRun[] {
    return [...this.#runs.values()];
  }

  /** Those that have not ended. */
  get running(): readonly StartedRun[] {
    return this.all.filter(({ ended }) => !ended);
  }

  get(id: string): StartedRun | undefined {
    return this.#runs.get(id);
  }

  /** Makes the folder of a run, which claims its name. @throws Refusal (409) where there is something of this name, or too many run. */
  claim(name: string): string {
    if (this.running.length >= this.#most)
      throw new Refusal(409, {
        what: 'Too many runs at a time',
        expected: `at most ${this.#most}`,
        fix: 'Wait for one to end, or stop one.',
      });
    const folder = join(this.#root, name);
    try {
      mkdirSync(folder);
    } catch (cause) {
      if (!existsSync(folder)) throw cause;
      throw new Refusal(409, { what: 'There is a folder of this name already', where: name, fix: 'Choose another name.' });
    }
    return folder;
  }

  /** Starts the command line in a claimed folder. */
  start(id: string, folder: string, args: readonly string[]): StartedRun {
    // A configuration in the studio's folder is for who types commands there.
    const cwd = join(this.#root, '.studio');
    makeFolder(cwd);
    const log = openSync(join(folder, LOG), 'ax', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, [PROGRAM, ...args], { cwd, detached: true, stdio: ['ignore', log, log] });
    } finally {
      closeSync(log);
    }
    const run: StartedRun = { id, folder, pid: child.pid, begun: Date.now() };
    const end = (code: number | null) => {
      run.ended ??= { at: Date.now(), code };
    };
    child.once('error', () => end(null));
    child.once('exit', end);
    child.unref();
    this.#runs.set(id, run);
    return run;
  }
}

/** Why a run failed: the last line that it printed. */
export async function lastLine(folder: string): Promise<string | undefined> {
  const file = await open(join(folder, LOG), 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, LOG_END));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trim().split('\n').at(-1) || undefined;
  } finally {
    await file.close();
  }
}

/** The command line of this package, beside dist/. */
const PROGRAM = fileURLToPath(new URL('../../../../bin/espalier.js', import.meta.url));
