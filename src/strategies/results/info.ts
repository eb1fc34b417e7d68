import type { Serving } from '../../infrastructure/hardware/index.js';
import type { Recipe, TechniqueNotes } from '../../technique/index.js';
import type { Quality } from '../../training/index.js';

/** Format number of front.json and of cards; raised when a field changes its meaning. */
export const FORMAT_VERSION = 1;

/** What front.json and cards say that they are. Documents from before they said so have only their format number. */
export const FRONT_SCHEMA = 'espalier/front@1';
export const CARD_SCHEMA = 'espalier/card@1';

/** A measured quality. The confusion matrix is kept for the test part of tasks with at most 50 classes. */
export type QualityInfo = Quality;

/** What a model costs. Latency is measured only for the baseline and the models of the front. */
export interface FootprintInfo {
  /** Size of the .onnx file, external data included. */
  bytes: number;
  /** After Brotli compression: what a download transfers. */
  downloadBytes?: number;
  parameters: number;
  /** Bytes of the weights alone. */
  weightBytes: number;
  /** Multiply-accumulates for one sample; absent where an operator's cost is not known. */
  macs?: number;
  /** Largest sum of activations that are alive at once for one sample, in bytes. */
  activationBytes?: number;
  latency?: LatencyInfo;
  /** Requests side by side, for the baseline and the models of the front: more of them in each. */
  serving?: readonly ServingInfo[];
  /** What it needs as compiled code, where it is compiled. */
  compiled?: CompiledInfo;
  /** Estimate for one sample, in microjoules; see the hardware documentation. */
  energyMicrojoules?: number;
  /** Estimate for all trainings that made it, in the run, by the same table; absent where nothing was trained. */
  trainingMicrojoules?: number;
}

/** How a model serves so many requests at a time: measured on this machine, a program of one thread for each, unless it is an estimate. */
export interface ServingInfo extends Serving {
  /** The hardware that it was estimated for, where it was not measured: requests of one moment are then one batch, and `p50` and `p95` are the same. */
  readonly estimatedFor?: string;
  /** The machine of the worker that measured it, where one did. */
  readonly measuredBy?: string;
}

/** A model as code that needs no runtime. */
export interface CompiledInfo {
  /** The language: "c" or "wasm". */
  target: string;
  /** Bytes of code and constants; the code of C is an estimate for a Cortex-M4. Absent where it cannot be compiled. */
  flash?: number;
  /** Bytes of memory, inputs and outputs included. */
  ram?: number;
  /** Why it cannot be compiled. */
  refused?: string;
  /** The files that were written, relative to the output folder: for models of the front. */
  files?: readonly string[];
}

export interface LatencyInfo {
  /** Milliseconds for one run at this batch size. */
  p50: number;
  p95: number;
  p99: number;
  batch: number;
  threads: number;
  backend: string;
  /** Samples per second. */
  throughput: number;
  /** Median over the baseline's, measured in turns; below 1 is faster. */
  ratioToBaseline?: number;
  /** 95% interval of that ratio; only where it leaves out 1 one of the two is said to be faster. */
  ratioInterval?: readonly [number, number];
  /** The hardware that it was estimated for, where it was not measured: all of the above are then one estimate. */
  estimatedFor?: string;
  /** The machine of the worker that measured it, where one did. */
  measuredBy?: string;
  /** The name of the device that measured it, where it was not this machine: a phone, say. */
  device?: string;
  /** Why it counts for nothing: the device answers otherwise than this machine. */
  wrong?: string;
}

/** Whether the written file loads in a runtime and gives the same answers there. */
export interface RuntimeCheck {
  runtime: string;
  status: 'agrees' | 'differs' | 'fails' | 'not checked';
  /** How far the worst output is from the original's, or from what the first runtime gives, or the error. */
  detail?: string;
}

/** One model that a run made, or the baseline. */
export interface ModelInfo {
  /** Unique in the run and stable: it depends on the recipe, the seed and the data only. */
  id: string;
  /** For people, e.g. "prune 0.5 + int8". */
  label: string;
  /** Paths relative to the output folder. */
  file: string;
  card?: string;
  recipe: Recipe;
  seed: number;
  /** The number of the trial that made it. */
  trial?: number;
  validation: QualityInfo;
  /** Measured once, from the written file, for the baseline and the models of the front. */
  test?: QualityInfo;
  footprint: FootprintInfo;
  notes: TechniqueNotes;
  checks?: RuntimeCheck[];
  onFront: boolean;
  /** Names of the limits that it breaks; empty where it keeps them all. */
  breaks: string[];
}

export type ObjectiveName = 'quality' | 'bytes' | 'macs' | 'latency' | 'memory';

/** What front.json holds: everything that reports draw. */
export interface RunInfo {
  schema?: typeof FRONT_SCHEMA;
  format: typeof FORMAT_VERSION;
  name: string;
  strategy: string;
  task: {
    name: string;
    /** Kind of task, e.g. "classification". */
    kind: string;
    /** The task in words. */
    title?: string;
    metric: QualityInfo['metric'];
    /** Names of the classes, labels or columns. */
    classes?: readonly string[];
    preprocess: unknown;
    samples: { train: number; calibration: number; validation: number; test: number };
    fingerprint: string;
  };
  seed: number;
  options: Record<string, unknown>;
  limits: Limits;
  machine: { node: string; platform: string; processor: string; cores: number };
  objectives: ObjectiveName[];
  baseline: ModelInfo;
  models: ModelInfo[];
  /** Of the front, on validation quality; the reference point is the baseline's footprint and the quality of guessing. */
  hypervolume: number;
  /** Per-layer cost of the baseline and of each model of the front, by id. */
  layers: Record<string, LayerInfo[]>;
  trials: { finished: number; failed: number; stopped: number };
  failures: { trial: number; recipe: Recipe; message: string }[];
  /** Trials that were given up early: after which epoch of all their trainings, and in which technique. Absent where there are none. */
  stopped?: { trial: number; recipe: Recipe; epoch: number; technique: string }[];
  remarks: string[];
  /** Wall-clock seconds of all runs together. */
  seconds: number;
  /** What all trainings of the run took. */
  training?: TrainingInfo;
  complete: boolean;
}

/** The trainings of a run, those of models that are not on the front among them. */
export interface TrainingInfo {
  readonly epochs: number;
  /** Estimate of the energy of their steps, from the arithmetic and the traffic of the graphs that were run, by the table of `energyMicrojoules`. */
  readonly microjoules: number;
  /** Joules of the whole run, trainings and everything else: its seconds at the watts that were given. */
  readonly runJoules?: number;
}

export interface LayerInfo {
  name: string;
  op: string;
  output: readonly number[];
  parameters: number;
  macs: number;
  weightBytes: number;
  activationBytes: number;
}

/** What a model of the front must keep to. Absent: no limit. */
export interface Limits {
  /** Bytes of the file. */
  maxSize?: number;
  /** Median milliseconds for one sample. */
  maxLatency?: number;
  /** Bytes of activations for one sample. */
  maxMemory?: number;
  /** Bytes of memory, and of code and constants, of the compiled model. */
  maxRam?: number;
  maxFlash?: number;
  /** Largest loss of quality against the baseline, in percentage points, or hundredths of an R², or percent of an error: see the metric's scale. */
  maxDrop?: number;
  /** Worst quality, in the metric's units (0.9 is 90%). */
  minQuality?: number;
  /** Multiply-accumulates for one sample. */
  maxMacs?: number;
  /** What any other metrics must keep to, on validation data. */
  rules?: readonly QualityRule[];
}

/** A limit of a metric: "recall[person]>=0.9". */
export interface QualityRule {
  /** Its name, with a part where one is meant. */
  metric: string;
  relation: '>=' | '<=';
  /** In the metric's own units: 0.9 is 90%. */
  value: number;
}
