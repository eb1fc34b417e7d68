import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readJournal } from '../../automation/node/index.js';
import { OptionError } from '../../base/index.js';
import type { HardwareModel } from '../../infrastructure/hardware/index.js';
import { targetNamed } from '../../infrastructure/targets/node/index.js';
import {
  growImproveShrink,
  type Limits,
  type OptimizeOptions,
  type OptimizeRequest,
  openRun,
  optimize,
  type RunInfo,
  type Strategy,
  settingsOf,
  shrinkAndImprove,
  techniques,
  WAVE,
  type Workspace,
} from '../../strategies/index.js';
import { httpStore, nodeHost, openWorkerWorkspace, openWorkspace } from '../../strategies/node/index.js';
import type { CommandContext } from '../context.js';
import type { Located } from '../queue/located.js';
import { argsForWorkers } from '../queue/messages.js';
import { serveParent } from '../queue/serve-parent.js';
import { forgetInputs, storeFor } from '../queue/store.js';
import { writeReport } from '../report-page.js';
import type { AddressOptions } from '../studio/address.js';
import { requiredToken } from '../token.js';
import { onDevice } from './device.js';
import type { Options } from './options.js';
import type { Start } from './start.js';
import { strategies } from './strategies.js';

export type RunOptions = Pick<
  Options,
  | 'out'
  | 'strategy'
  | 'sampler'
  | 'stopper'
  | 'warmStart'
  | 'trials'
  | 'budget'
  | 'epochs'
  | 'jobs'
  | 'queue'
  | 'tag'
  | 'store'
  | 'tokenFile'
  | 'wave'
  | 'serveJobs'
  | 'families'
  | 'objectives'
  | 'threads'
  | 'compile'
  | 'serving'
  | 'watts'
  | 'pricePerHour'
  | 'device'
  | 'deviceWait'
> &
  AddressOptions &
  Limits & { hardware?: HardwareModel; inputs?: readonly string[]; remote?: Located };

/** Opens the folder, optimizes, writes the report. */
export async function runOptimization(start: Start, options: RunOptions, context: CommandContext): Promise<RunInfo> {
  // Before a folder is made for nothing.
  strategyFor(start, options);
  settingsOf(settingsFrom(options, context), start.task.splits.train.size);
  const warmStart = options.warmStart === undefined ? undefined : await earlierRun(options.warmStart);
  const workspace = await openWorkspace(options.out, context.activity);
  context.defer(() => workspace.close());
  context.kept ??= options.out;
  const request = requestOf(start, options, context, workspace);
  const workers = await workersOf(options, context);
  const info = await optimized({ ...request, workers, options: { ...request.options, warmStart } }, options, context);
  await writeReport(options.out, info);
  if (info.complete) await forgetInputs(options.out);
  return info;
}

/** The journal of the run in a folder. @throws OptionError where there is none. */
async function earlierRun(folder: string): Promise<OptimizeOptions['warmStart']> {
  const path = join(folder, 'journal.jsonl');
  if (existsSync(path)) return readJournal(path);
  throw new OptionError({
    what: 'There is no run to begin with',
    where: `--warm-start ${folder}`,
    expected: 'the folder of an earlier optimize',
  });
}

/** Optimizes, with latency as a device has it where one is named. @throws ResourceError where that stays away. */
async function optimized(request: OptimizeRequest, options: RunOptions, context: CommandContext): Promise<RunInfo> {
  const { device } = options;
  if (device === undefined) return optimize(request);
  const { workspace, signal } = request;
  const { host, gone } = await onDevice(request.host, { ...options, device }, (id) => workspace.fileOf(id), context);
  try {
    return await optimize({ ...request, host, signal: signal ? AbortSignal.any([signal, gone]) : gone });
  } catch (error) {
    throw gone.aborted ? gone.reason : error;
  }
}

/** Where stages are made elsewhere: the queue, and how a worker opens this run. */
async function workersOf(options: RunOptions, context: CommandContext): Promise<OptimizeRequest['workers']> {
  const { queue: url, tag } = options;
  if (url === undefined) return undefined;
  const store = await storeFor(options, context);
  const { openBullQueue } = await import('../../automation/node/index.js');
  const queue = await openBullQueue({ url, tag }, context.activity);
  context.defer(() => queue.close());
  context.output.info(`Models are made by workers: espalier worker --queue ${queue.name}${tag === undefined ? '' : ` --tags ${tag}`}`);
  return { queue, open: { args: argsForWorkers(process.argv.slice(2)), folder: process.cwd(), ...(store && { store }) } };
}

/** Does jobs of the run for a worker, whose process started this one. */
export async function serveJobs(start: Start, options: RunOptions, context: CommandContext): Promise<void> {
  const { remote, out } = options;
  const store = remote && httpStore({ ...remote.store, token: requiredToken(undefined), cache: out, activity: context.activity });
  const workspace = await openWorkerWorkspace(out, context.activity, store);
  context.defer(() => workspace.close());
  await serveParent(openRun(requestOf(start, options, context, workspace), hostname()), context);
}

/** @throws OptionError where the strategy does not search what is to be searched. */
function strategyFor({ architecture }: Start, { strategy: name, families }: RunOptions): Strategy {
  const strategy = strategies[name ?? (architecture ? growImproveShrink.name : shrinkAndImprove.name)];
  if (!families || strategy === growImproveShrink) return strategy;
  throw new OptionError({
    what: `Families are what ${growImproveShrink.name} searches`,
    got: strategy.name,
    fix: 'Leave --families out, or give --strategy.',
  });
}

function requestOf(start: Start, options: RunOptions, context: CommandContext, workspace: Workspace): OptimizeRequest {
  const strategy = strategyFor(start, options);
  const settings = settingsFrom(options, context);
  const { threads, target } = settings;
  return {
    ...context.activity,
    name: start.name,
    original: start.model,
    architecture: start.architecture,
    task: start.task,
    strategy,
    registry: techniques,
    runtime: context.runtime,
    workspace,
    host: nodeHost(context.runtime, options.out, { threads, signal: context.activity.signal, also: target && [targetNamed(target)] }),
    options: settings,
  };
}

function settingsFrom(options: RunOptions, { seed }: Pick<CommandContext, 'seed'>): OptimizeOptions {
  const { maxSize, maxLatency, maxMemory, maxRam, maxFlash, maxMacs, maxDrop, minQuality, rules } = options;
  const { trials, epochs, threads, families, sampler, stopper, wave, objectives, hardware, device, serving, watts, pricePerHour } = options;
  return {
    trials,
    epochs,
    jobs: options.jobs ?? (options.queue === undefined ? 1 : (wave ?? WAVE)),
    wave,
    threads,
    seed,
    budgetMs: options.budget,
    families,
    sampler,
    stopper,
    objectives,
    target: options.compile ?? (maxRam !== undefined || maxFlash !== undefined ? 'c' : undefined),
    hardware,
    device,
    serving,
    watts,
    pricePerHour,
    limits: { maxSize, maxLatency, maxMemory, maxRam, maxFlash, maxMacs, maxDrop, minQuality, ...(rules?.length && { rules }) },
  };
}
