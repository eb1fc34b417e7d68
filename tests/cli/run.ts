import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
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
