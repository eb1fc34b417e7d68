import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { attempted } from '../../../base/index.js';
import type { LiveRun } from '../../../strategies/index.js';
import type { RunSummary } from '../../api/index.js';
import { notFound } from '../refusal.js';
import { lastLine, type Processes } from '../starting/processes.js';
import { findRuns, hasJournal } from './find.js';
import { Followers } from './followers.js';
import type { FollowedRun, RunSource } from './source.js';
import { headlineOf, startingRun, summaryOf } from './summary.js';

/** Milliseconds for which what was found in the folder is taken to be all. */
const FRESH = 500;

/** The runs below the studio's folder, and those that were started here and have no journal yet. */
export class Runs {
  readonly #root: string;
  readonly #source: RunSource;
  readonly #processes: Processes;
  readonly #followers: Followers;
  /** Summaries of runs that are complete, by folder, with the state of the file that they are of. */
  readonly #complete = new Map<string, { stamp: string; summary: RunSummary }>();
  #found: { at: number; runs: Promise<Map<string, string>> } | undefined;

  constructor(root: string, source: RunSource, processes: Processes) {
    this.#root = root;
    this.#source = source;
    this.#processes = processes;
    this.#followers = new Followers(source);
  }

  /** The latest first. A run that cannot be read is one that failed. */
  async list(): Promise<RunSummary[]> {
    const all = await this.#all();
    const summaries: RunSummary[] = [];
    // One after the other: each may hold a large journal.
    for (const [id, folder] of all) summaries.push(await this.#summary(id, folder));
    return summaries.sort((a, b) => b.updated - a.updated || (a.id < b.id ? -1 : 1));
  }

  /** @throws Refusal (404). */
  async folderOf(id: string): Promise<string> {
    const folder = (await this.#all()).get(id);
    if (folder !== undefined) return folder;
    throw notFound('There is no such run');
  }

  /** A run as it stands. @throws Refusal (404); EspalierError where it cannot be read. */
  async read(id: string): Promise<LiveRun> {
    const folder = await this.folderOf(id);
    const run = (await hasJournal(folder))
      ? await (this.#followers.running(folder) ?? this.#source.read(folder))
      : startingRun(id, this.#processes.get(id)?.begun);
    return this.explained(id, run);
  }

  /** Undefined for a run that has nothing to be followed yet. Close it in the end. @throws as `read`. */
  async follow(id: string): Promise<FollowedRun | undefined> {
    const folder = await this.folderOf(id);
    return (await hasJournal(folder)) ? this.#followers.follow(folder) : undefined;
  }

  /** What a run says of itself, and how the process that was started here for it has ended. */
  async explained(id: string, run: LiveRun): Promise<LiveRun> {
    const started = this.#processes.get(id);
    if (!started?.ended || started.ended.code === 0 || !['starting', 'stopped'].includes(run.state)) return run;
    const error = (await lastLine(started.folder)) ?? 'Its process was ended.';
    return { ...run, state: 'failed', error, updated: Math.max(run.updated, started.ended.at) };
  }

  async close(): Promise<void> {
    await this.#followers.close();
  }

  async #all(): Promise<Map<string, string>> {
    const now = Date.now();
    if (!this.#found || now - this.#found.at > FRESH) this.#found = { at: now, runs: findRuns(this.#root) };
    const all = new Map(await this.#found.runs);
    for (const { id, folder } of this.#processes.all) if (!all.has(id)) all.set(id, folder);
    return all;
  }

  async #summary(id: string, folder: string): Promise<RunSummary> {
    const file = await stat(join(folder, 'front.json')).catch(() => undefined);
    const stamp = `${file?.mtimeMs} ${file?.size}`;
    const known = this.#complete.get(folder);
    if (file && known?.stamp === stamp) return known.summary;
    const run = await attempted(
      () => this.read(id),
      ({ message }): LiveRun => ({ ...startingRun(id, file?.mtimeMs ?? 0), state: 'failed', error: message }),
    );
    const summary = summaryOf(id, run, run.state === 'complete' ? await headlineOf(folder) : undefined);
    if (run.state === 'complete') this.#complete.set(folder, { stamp, summary });
    return summary;
  }
}
