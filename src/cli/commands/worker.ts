import { hostname } from 'node:os';
import { canonicalText, type Job, type JobSource } from '../../automation/index.js';
import { FormatError, formatDuration } from '../../base/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { type Opening, opening } from '../queue/messages.js';
import { RunProcess } from '../queue/run-process.js';
import { positiveInteger } from '../units.js';

interface Options extends CommonOptions {
  queue: string;
  tags?: string;
  threads?: number;
  handBack?: boolean;
}

/** Takes jobs of runs that were begun with `optimize --queue`. */
export const workerCommand: AddCommand = (program, run) => {
  program
    .command('worker')
    .requiredOption('--queue <url>', 'where jobs are: redis://host:6379')
    .option('--tags <list>', 'also takes jobs that need these, e.g. gpu,big')
    .option('--threads <number>', "threads of each job (default: the run's)", positiveInteger)
    .option('--hand-back', 'when stopped, give the job under way to another worker at once instead of finishing it')
    .addHelpText(
      'after',
      [
        '',
        'Takes jobs, one at a time, until it is stopped (Ctrl-C or SIGTERM); a second signal ends it at once, and another worker gets its job within a minute. The folders of the run and',
        'of its data must be here under the same path. Whoever may write to the queue may have this machine run "espalier optimize" with any options: keep it to yourself.',
        '',
        'Examples:',
        '  $ espalier worker --queue redis://10.0.0.5:6379',
        '  $ espalier optimize model.onnx --data /shared/photos --out /shared/better --queue redis://10.0.0.5:6379    posts the jobs',
      ].join('\n'),
    )
    .action(
      run(async (context, { queue: url, tags, threads, handBack }: Options) => {
        const { openBullSource } = await import('../../automation/node/index.js');
        const { output, activity } = context;
        const stop = activity.signal as AbortSignal;
        const never = new AbortController().signal;
        const processes = new Processes(threads === undefined ? [] : ['--threads', String(threads)]);
        context.defer(() => processes.close());
        const names = [undefined, ...(tags?.split(',').map((tag) => tag.trim()) ?? [])];
        const sources: JobSource[] = [];
        for (const tag of names) sources.push(await openBullSource({ url, tag }, activity));
        output.info(`Taking jobs from ${url.replace(/\/\/[^@/]*@/, '//')} on ${hostname()}.`);
        let done = 0;
        const turn = new Turn();
        const work = (job: Job, signal: AbortSignal) =>
          turn.take(async () => {
            const started = performance.now();
            const result = await processes.perform(job, signal);
            done++;
            output.info(`${job.id}: done in ${formatDuration((performance.now() - started) / 1000)}.`);
            return result;
          });
        await Promise.all(sources.map((source) => source.serve(work, { stop, handBack: handBack ? stop : never })));
        context.output.result({ jobs: done }, `${done} job(s) done.`);
      }),
    );
};

/** One piece of work after the other, whichever queue it is from. */
class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** The process of the run whose job came last; that of another run is ended. */
class Processes {
  readonly #extra: readonly string[];
  #open: { readonly key: string; readonly process: RunProcess } | undefined;

  constructor(extra: readonly string[]) {
    this.#extra = extra;
  }

  async perform(job: Job, signal: AbortSignal) {
    const how = openingOf(job);
    const key = canonicalText(how);
    if (this.#open && (this.#open.key !== key || this.#open.process.hasEnded)) await this.close();
    this.#open ??= { key, process: new RunProcess(how, this.#extra) };
    return this.#open.process.perform(job, signal);
  }

  async close(): Promise<void> {
    await this.#open?.process.close();
    this.#open = undefined;
  }
}

/** @throws FormatError for a job that says not how its run is opened, or by another command. */
function openingOf({ id, data }: Job): Opening {
  const { data: found } = opening.safeParse((data as { readonly open?: unknown } | null)?.open);
  if (found?.args[0] === 'optimize') return found;
  throw new FormatError({ what: 'A job does not say how its run is opened', where: `job "${id}"` });
}
