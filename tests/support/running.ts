import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './paths.js';

const program = join(root, 'bin', 'espalier.js');

/** A command in a folder: what it said so far, and how it ended. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; said: string }>;
  #said = '';
  readonly #waiting = new Set<() => void>();

  /** @param env what it has besides the environment of the test. */
  constructor(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const hear = (bytes: Buffer) => {
      this.#said += bytes;
      for (const look of [...this.#waiting]) look();
    };
    this.child.stdout?.on('data', hear);
    this.child.stderr?.on('data', hear);
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve({ code, said: this.#said })));
  }

  /** Resolves once it has said that, with what was found. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.#said);
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      this.ended.then(({ said }) => reject(new Error(`It ended before it said ${pattern}: ${said}`)));
      look();
    });
  }

  /** kill -9. Resolves once it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** What it said, once it ended well. */
  async succeeded(): Promise<string> {
    const { code, said } = await this.ended;
    assert.equal(code, 0, said);
    return said;
  }
}
