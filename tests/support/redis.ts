import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastingPort } from './port.js';

/** The `skip` option of a test that needs Debian's redis-server. */
export const skipWithoutRedis = spawnSync('redis-server', ['--version']).status === 0 ? false : 'there is no redis-server here';

/** A Redis that writes everything down, in a folder of its own. */
export class Redis {
  readonly url: string;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'espalier-redis-'));
  #process?: ChildProcess;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<Redis> {
    for (;;) {
      const redis = new Redis(await lastingPort());
      try {
        await redis.start();
        return redis;
      } catch (error) {
        await redis.remove();
        // Another test may have taken it meanwhile.
        if (!/in use/i.test(String(error))) throw error;
      }
    }
  }

  /** Resolves once it takes connections. */
  async start(): Promise<void> {
    const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', '--save', ''];
    const child = spawn('redis-server', ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder, ...settings]);
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (bytes: Buffer) => {
        said += bytes;
        if (said.includes('Ready to accept connections')) resolve();
      });
      child.on('close', () => reject(new Error(said)));
    });
  }

  /** kill -9. Resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
