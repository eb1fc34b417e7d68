import type { Task } from '../../training/index.js';
import type { Baseline } from '../baseline/baseline.js';
import type { Effort } from '../models/effort.js';
import type { Settings } from '../plan/settings.js';
import type { Plan } from '../plan/strategy.js';
import { FORMAT_VERSION, FRONT_SCHEMA, type RunInfo } from '../results/info.js';
import type { Found } from '../search/search.js';
import type { Settled } from '../settle/settle.js';

/** What a run is described by. */
export interface Finding {
  name: string;
  strategyName: string;
  task: Task;
  /** SHA-256 of the whole training part. */
  data: string;
  settings: Pick<
    Settings,
    'seed' | 'trials' | 'epochs' | 'threads' | 'jobs' | 'sampler' | 'stopper' | 'hardware' | 'device' | 'target' | 'watts' | 'pricePerHour'
  >;
  plan: Pick<Plan, 'remarks'>;
  baseline: Pick<Baseline, 'criteria'>;
  found: Omit<Found, 'candidates'>;
  settled: Settled;
  machine: RunInfo['machine'];
  seconds: number;
  /** Of all trainings. */
  effort: Effort;
}

/** A run as reports draw it. */
export function describeRun({
  name,
  strategyName,
  task,
  data,
  settings,
  plan,
  baseline,
  found,
  settled,
  machine,
  seconds,
  effort,
}: Finding): RunInfo {
  const { seed, trials, epochs, threads, jobs, sampler, stopper, hardware, device, target, watts, pricePerHour } = settings;
  return {
    schema: FRONT_SCHEMA,
    format: FORMAT_VERSION,
    name,
    strategy: strategyName,
    task: {
      name: task.name,
      kind: task.kind,
      metric: settled.baseline.validation.metric,
      title: task.title,
      classes: task.parts.length > 0 ? task.parts : undefined,
      preprocess: task.feeds,
      samples: {
        train: task.splits.train.size,
        calibration: task.splits.calibration.size,
        validation: task.splits.validation.size,
        test: task.splits.test.size,
      },
      fingerprint: data,
    },
    seed,
    options: {
      ...{ trials, epochs, threads, jobs },
      ...(sampler !== 'tpe' && { sampler }),
      ...(stopper !== 'none' && { stopper }),
      ...(hardware && { hardware: hardware.name }),
      ...(device !== undefined && { device }),
      ...(target && { target }),
      ...(watts !== undefined && { watts }),
      ...(pricePerHour !== undefined && { pricePerHour }),
    },
    limits: baseline.criteria.limits,
    machine,
    objectives: [...baseline.criteria.objectives],
    baseline: settled.baseline,
    models: [...settled.models],
    hypervolume: settled.hypervolume,
    layers: settled.layers,
    trials: found.trials,
    failures: found.failures,
    ...(found.stopped.length > 0 && { stopped: found.stopped }),
    remarks: [...plan.remarks, ...latencyRemarks(settings), ...remarksOn(found)],
    seconds,
    // Watts are those of the hardware where that is not this machine.
    training: { ...effort, ...(watts !== undefined && !hardware && { runJoules: seconds * watts }) },
    complete: found.complete,
  };
}

function latencyRemarks({ hardware, device }: Pick<Settings, 'hardware' | 'device'>): string[] {
  if (hardware) return [`Latency is an estimate for ${hardware.title}, not measured.`];
  return device === undefined ? [] : [`Latency is what the device "${device}" took, by the quickest way whose answers agree.`];
}

function remarksOn({ trials, complete, wanted }: Finding['found']): string[] {
  const ended = trials.finished + trials.failed + trials.stopped;
  if (!complete) return [`The budget ended the search after ${ended} of ${wanted} trials; the same command goes on with it.`];
  if (ended < wanted && trials.failed === ended)
    return [`The search was given up after ${ended} of ${wanted} trials, as all of them failed.`];
  return ended < wanted ? [`There are no more than ${ended} different recipes to try for this model.`] : [];
}
