import { fork, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../support/paths.js';

export interface Ran {
  /** As a shell has it: 128 and the signal's number for a process that a signal ended. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** Called with the child once it is there, e.g. to send it a signal. */
  during?: (child: ReturnType<typeof spawn>) => void;
}

/** Runs the real command line as a child process, as a user would, without a terminal. */
export function espalier(args: readonly string[], { cwd, during }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'bin', 'espalier.js'), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  during?.(child);
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal as NodeJS.Signals], stdout, stderr })),
  );
}

/** Runs command lines in one process of their own, one after the other: for many that are quick. */
export async function espalierMany(
  lines: readonly (readonly string[])[],
  cwd: string,
  each: (ran: Ran, index: number) => void,
): Promise<void> {
  const child = fork(fileURLToPath(new URL('./many-child.js', import.meta.url)), { cwd });
  try {
    for (const [index, args] of lines.entries()) {
      const answered = new Promise<Ran>((resolve, reject) => {
        child.once('message', resolve);
        child.once('exit', (code) => reject(new Error(`"${args.join(' ')}" ended the process with ${code}`)));
      });
      child.send(args);
      each(await answered, index);
      child.removeAllListeners('exit');
    }
  } finally {
    child.kill();
  }
}
