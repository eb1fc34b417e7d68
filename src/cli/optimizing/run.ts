import { hostname } from 'node:os';
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
import { nodeHost, openWorkerWorkspace, openWorkspace } from '../../strategies/node/index.js';
import type { CommandContext } from '../context.js';
import { argsForWorkers } from '../queue/messages.js';
import { serveParent } from '../queue/serve-parent.js';
import { writeReport } from '../report-page.js';
import type { AddressOptions } from '../studio/address.js';
import { onDevice } from './device.js';
import type { Options } from './options.js';
import type { Start } from './start.js';
import { strategies } from './strategies.js';

export type RunOptions = Pick<
  Options,
  | 'out'
  | 'strategy'
  | 'sampler'
  | 'trials'
  | 'budget'
  | 'epochs'
  | 'jobs'
  | 'queue'
  | 'tag'
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
  Limits & { hardware?: HardwareModel };

/** Opens the folder, optimizes, writes the report. */
export async function runOptimization(start: Start, options: RunOptions, context: CommandContext): Promise<RunInfo> {
  // Before a folder is made for nothing.
  strategyFor(start, options);
  settingsOf(settingsFrom(options, context), start.task.splits.train.size);
  const workspace = await openWorkspace(options.out, context.activity);
  context.defer(() => workspace.close());
  context.kept ??= options.out;
  const request = { ...requestOf(start, options, context, workspace), workers: await workersOf(options, context) };
  const info = await optimized(request, options, context);
  await writeReport(options.out, info);
  return info;
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
async function workersOf({ queue: url, tag }: RunOptions, context: CommandContext): Promise<OptimizeRequest['workers']> {
  if (url === undefined) return undefined;
  const { openBullQueue } = await import('../../automation/node/index.js');
  const queue = await openBullQueue({ url, tag }, context.activity);
  context.defer(() => queue.close());
  context.output.info(`Models are made by workers: espalier worker --queue ${queue.name}${tag === undefined ? '' : ` --tags ${tag}`}`);
  return { queue, open: { args: argsForWorkers(process.argv.slice(2)), folder: process.cwd() } };
}

/** Does jobs of the run for a worker, whose process started this one. */
export async function serveJobs(start: Start, options: RunOptions, context: CommandContext): Promise<void> {
  const workspace = await openWorkerWorkspace(options.out, context.activity);
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
  const { trials, epochs, threads, families, sampler, wave, objectives, hardware, device, serving, watts, pricePerHour } = options;
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
