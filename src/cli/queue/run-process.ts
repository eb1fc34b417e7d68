import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Job, Json } from '../../automation/index.js';
import { ResourceError, Stopped, whenAborted } from '../../base/index.js';
import type { JobNews } from '../../strategies/index.js';
import type { FromRun, ToRun } from './messages.js';
import type { RunHere } from './run-here.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/espalier.js', import.meta.url));

/** Characters of its last words that are shown of a process that ended. */
const SHOWN = 1000;

/**
 * A process that has a run open: model, data and runtime stay loaded from job to job, what goes wrong there ends it alone, and the worker's own process stays free to
 * tell the queue that it lives.
 */
export class RunProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #answer: ((message: FromRun | Error) => void) | undefined;
  #tell: ((news: JobNews) => void) | undefined;
  #ended: Error | undefined;

  /** @throws ResourceError where the folder is not there. */
  constructor({ args, folder, env }: RunHere, extra: readonly string[]) {
    if (!existsSync(folder)) {
      const fix = 'Workers need the folder of the run, and of its data, under the same path: share it, or give optimize --store.';
      throw new ResourceError({ what: 'There is no such folder on this machine', where: folder, fix });
    }
    // What it says goes to stderr; the job's result comes as a message, and why it ended is in its last words.
    this.#child = fork(PROGRAM, [...args, ...extra, '--serve-jobs'], {
      cwd: folder,
      stdio: ['ignore', 2, 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    });
    let opened: () => void = () => undefined;
    let broken: (error: Error) => void = () => undefined;
    this.#ready = new Promise((resolve, reject) => {
      [opened, broken] = [resolve, reject];
    });
    this.#ready.catch(() => undefined);
    this.#child.on('message', (message: FromRun) => {
      if ('ready' in message) opened();
      else if ('progress' in message) this.#tell?.(message.progress);
      else this.#answer?.(message);
    });
    this.#child.on('error', (cause) => this.#end(cause, broken));
    let said = '';
    this.#child.stderr?.on('data', (part: Buffer) => {
      process.stderr.write(part);
      said = `${said}${part}`.slice(-SHOWN);
    });
    this.#child.on('close', (code, signal) => {
      const got = said.trim().split('\n').at(-1) || undefined;
      this.#end(new ResourceError({ what: `The process of the run ended with ${signal ?? `code ${code}`}`, got }), broken);
    });
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  #end(cause: Error, broken: (error: Error) => void): void {
    this.#ended ??= cause;
    broken(cause);
    this.#answer?.(cause);
  }

  /** Has a job done. @throws ResourceError where the process cannot do it; whatever the job threw, by its name; Stopped when aborted, at once while the run is still being opened. */
  async perform(job: Job, signal: AbortSignal, tell: (news: JobNews) => void): Promise<Json> {
    await Promise.race([this.#ready, whenAborted(signal)]);
    if (signal.aborted) throw new Stopped('The job was left before the run was open');
    this.#tell = tell;
    if (this.#ended) throw this.#ended;
    const stop = () => this.#send({ stop: true });
    signal.addEventListener('abort', stop, { once: true });
    try {
      const answer = await new Promise<FromRun | Error>((resolve) => {
        this.#answer = resolve;
        this.#send({ job });
      });
      if (answer instanceof Error) throw answer;
      if ('result' in answer) return answer.result as Json;
      const { name, message } = 'failed' in answer ? answer.failed : { name: 'Error', message: 'no answer' };
      throw Object.assign(new Error(message), { name });
    } finally {
      this.#answer = undefined;
      signal.removeEventListener('abort', stop);
    }
  }

  #send(message: ToRun): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Ends the process. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.connected) this.#child.disconnect();
    await gone;
  }
}
