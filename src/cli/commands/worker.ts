import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { canonicalText, type Job, type JobSource, type Work } from '../../automation/index.js';
import { type Activity, EspalierError, FormatError, formatDuration, Stopped } from '../../base/index.js';
import { cacheLimit, defaultCacheFolder } from '../../data/node/index.js';
import { type JobNews, progressMessage } from '../../strategies/index.js';
import { checkStudio, storeAddress } from '../../strategies/node/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { type Opening, opening } from '../queue/messages.js';
import { runHere, type StoreAccess } from '../queue/run-here.js';
import { RunProcess } from '../queue/run-process.js';
import { requiredToken, tokenFrom } from '../token.js';
import { bytes, positiveInteger } from '../units.js';

interface Options extends CommonOptions {
  queue: string;
  tags?: string;
  threads?: number;
  store?: string;
  tokenFile?: string;
  cache?: string;
  cacheSize?: number;
  handBack?: boolean;
}

/** Takes jobs of runs that were begun with `optimize --queue`. */
export const workerCommand: AddCommand = (program, run) => {
  program
    .command('worker')
    .requiredOption('--queue <url>', 'where jobs are: redis://host:6379')
    .option('--tags <list>', 'also takes jobs that need these, e.g. gpu,big')
    .option('--threads <number>', "threads of each job (default: the run's)", positiveInteger)
    .option('--store <url>', 'the studio that has the files of runs, where it is reached under another address than the job says')
    .option('--token-file <file>', "with the studio's token (default: the environment variable ESPALIER_TOKEN)")
    .option('--cache <folder>', 'where files from a studio are kept (default: below the cache of this user)')
    .option(
      '--cache-size <size>',
      'most that they take there, e.g. 50GB (default: ESPALIER_CACHE_SIZE, else a tenth of the disk and at least 20 GB)',
      bytes,
    )
    .option('--hand-back', 'when stopped, give the job under way to another worker at once instead of finishing it')
    .addHelpText(
      'after',
      [
        '',
        'Takes jobs, one at a time, until it is stopped (Ctrl-C or SIGTERM); a second signal ends it at once, and another worker gets its job within a minute. The folders of the run and',
        'of its data must be here under the same path, unless the run was begun with --store: then model and data come from that studio, and what is made here goes there.',
        'Whoever may write to the queue may have this machine run "espalier optimize" with any options: keep it to yourself.',
        '',
        'Examples:',
        '  $ espalier worker --queue redis://10.0.0.5:6379',
        '  $ espalier worker --queue redis://10.0.0.5:6379 --token-file token    of runs whose files are in a studio',
        '  $ espalier optimize model.onnx --data /shared/photos --out /shared/better --queue redis://10.0.0.5:6379    posts the jobs',
      ].join('\n'),
    )
    .action(
      run(async (context, { queue: url, tags, threads, handBack, store, tokenFile, cache: given, cacheSize }: Options) => {
        const { openBullSource } = await import('../../automation/node/index.js');
        const { output, activity } = context;
        const address = store === undefined ? undefined : storeAddress(store);
        const cache = resolve(given ?? join(defaultCacheFolder(), 'worker'));
        const access = { address, token: tokenFrom(tokenFile), cache, cacheLimit: cacheSize ?? (await cacheLimit(cache)) };
        if (address !== undefined) await checkStudio({ address, token: requiredToken(tokenFile), activity });
        const refused = new AbortController();
        const stop = AbortSignal.any([activity.signal as AbortSignal, refused.signal]);
        const processes = new Processes(access, threads === undefined ? [] : ['--threads', String(threads)], activity);
        context.defer(() => processes.close());
        const names = [undefined, ...(tags?.split(',').map((tag) => tag.trim()) ?? [])];
        const sources: JobSource[] = [];
        for (const tag of names) sources.push(await openBullSource({ url, tag }, activity));
        output.info(`Taking jobs from ${url.replace(/\/\/[^@/]*@/, '//')} on ${hostname()}.`);
        let done = 0;
        const turn = new Turn();
        const name = `${hostname()}-${process.pid}`;
        const work: Work = (job, signal, tell) =>
          turn.take(async () => {
            // It was taken back while another was done.
            if (signal.aborted) throw new Stopped('The job was left before it was begun');
            const started = performance.now();
            output.info(`${job.id}: begun.`);
            const result = await processes
              .perform(job, signal, (news) => tell(progressMessage(name, news)))
              .catch((cause) => {
                if (signal.aborted && !stop.aborted) output.info(`${job.id}: given up, as nobody waits for it any more.`);
                // No fault of the job, and the same with every other: it goes back, and this worker ends.
                if (isRefused(cause)) refused.abort(cause instanceof EspalierError ? cause : new EspalierError((cause as Error).message));
                throw cause;
              });
            done++;
            output.info(`${job.id}: done in ${formatDuration((performance.now() - started) / 1000)}.`);
            return result;
          });
        await Promise.all(sources.map((source) => source.serve(work, { stop, handBack: handBack ? stop : refused.signal })));
        if (refused.signal.aborted) throw refused.signal.reason;
        context.output.result({ jobs: done }, `${done} job(s) done.`);
      }),
    );
};

/** Whether this worker may not have the files of a run, as it found itself or the process of the run did. */
function isRefused(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'StoreRefused';
}

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
  readonly #access: StoreAccess;
  readonly #extra: readonly string[];
  readonly #activity: Activity;
  #open: { readonly key: string; readonly process: RunProcess; readonly leave?: () => void } | undefined;

  constructor(access: StoreAccess, extra: readonly string[], activity: Activity) {
    this.#access = access;
    this.#extra = extra;
    this.#activity = activity;
  }

  async perform(job: Job, signal: AbortSignal, tell: (news: JobNews) => void) {
    const how = openingOf(job);
    const key = canonicalText(how);
    if (this.#open && (this.#open.key !== key || this.#open.process.hasEnded)) await this.close();
    if (!this.#open) {
      const here = await runHere(how, this.#access, { ...this.#activity, signal });
      this.#open = { key, process: new RunProcess(here, this.#extra), leave: here.leave };
    }
    return this.#open.process.perform(job, signal, tell);
  }

  async close(): Promise<void> {
    await this.#open?.process.close();
    this.#open?.leave?.();
    this.#open = undefined;
  }
}

/** @throws FormatError for a job that says not how its run is opened, or by another command. */
function openingOf({ id, data }: Job): Opening {
  const { data: found } = opening.safeParse((data as { readonly open?: unknown } | null)?.open);
  if (found?.args[0] === 'optimize') return found;
  throw new FormatError({ what: 'A job does not say how its run is opened', where: `job "${id}"` });
}
