import type { AddCommand } from './command.js';

/** A command before its module is loaded: what the list of commands says of it. */
export interface CommandEntry {
  readonly name: string;
  /** What it is for, in one line. */
  readonly summary: string;
  readonly load: () => Promise<AddCommand>;
}

/** The commands, in the order of the help. Their modules are loaded when they are asked for. */
export const commands = [
  {
    name: 'inspect',
    summary: 'layers, parameters, MACs, bytes, peak memory, and where the cost is',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'bench',
    summary: 'latency p50, p95 and p99, throughput and memory on this machine',
    load: async () => (await import('./commands/bench.js')).benchCommand,
  },
  {
    name: 'plan',
    summary: 'flash and memory that a compiled model needs, kernel by kernel, before anything is written',
    load: async () => (await import('./commands/plan.js')).planCommand,
  },
  {
    name: 'compile',
    summary: 'one C file or one WebAssembly module that needs no runtime, run and compared with the model',
    load: async () => (await import('./commands/compile.js')).compileCommand,
  },
  {
    name: 'estimate',
    summary: 'latency and energy, layer by layer, on hardware that is not at hand: TPU, GPU, CPU, microcontroller',
    load: async () => (await import('./commands/estimate.js')).estimateCommand,
  },
  {
    name: 'advise',
    summary: 'what to try on a model for a processor, a page, a phone or a microcontroller: commands, and the gain to expect',
    load: async () => (await import('./commands/advise.js')).adviseCommand,
  },
  {
    name: 'train',
    summary: 'train an architecture from scratch, or fine-tune any ONNX model',
    load: async () => (await import('./commands/train.js')).trainCommand,
  },
  {
    name: 'eval',
    summary: 'how good a model is, by every metric of its task, with a 95% interval: accuracy, F1, AUC, R², RMSE, fidelity',
    load: async () => (await import('./commands/eval.js')).evalCommand,
  },
  {
    name: 'predict',
    summary: 'named answers to raw files: images, sounds, texts, tables',
    load: async () => (await import('./commands/predict.js')).predictCommand,
  },
  {
    name: 'diff',
    summary: 'which samples two models answer differently, the worst first, by class, and which layer is behind it',
    load: async () => (await import('./commands/diff.js')).diffCommand,
  },
  {
    name: 'quantize',
    summary: 'int8 quantization: static with data, --dynamic without, or --aware with training',
    load: async () => (await import('./commands/quantize.js')).quantizeCommand,
  },
  {
    name: 'prune',
    summary: 'remove channels that matter least (the graph physically shrinks) and tune what is left',
    load: async () => (await import('./commands/prune.js')).pruneCommand,
  },
  {
    name: 'distill',
    summary: 'train a small model to answer as a large one does, both in one graph',
    load: async () => (await import('./commands/distill.js')).distillCommand,
  },
  {
    name: 'apply',
    summary: 'apply a technique by its name, or every step of a recipe: a JSON file of steps, or a card of another model',
    load: async () => (await import('./commands/apply.js')).applyCommand,
  },
  {
    name: 'convert',
    summary: 'a model in another format: ONNX to TensorFlow Lite and back',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  {
    name: 'techniques',
    summary: 'list the techniques that recipes are made of, or the options of one',
    load: async () => (await import('./commands/techniques.js')).techniquesCommand,
  },
  {
    name: 'samplers',
    summary: 'list what may propose recipes, and when to use which',
    load: async () => (await import('./commands/samplers.js')).samplersCommand,
  },
  {
    name: 'optimize',
    summary: 'the main job: the Pareto front of smaller, faster, better models, each with its card',
    load: async () => (await import('./commands/optimize.js')).optimizeCommand,
  },
  {
    name: 'worker',
    summary: 'take jobs of runs that were begun elsewhere with optimize --queue',
    load: async () => (await import('./commands/worker.js')).workerCommand,
  },
  {
    name: 'studio',
    summary: 'runs as pages in the browser: watch, steer and start them, and have phones measure their models',
    load: async () => (await import('./commands/studio.js')).studioCommand,
  },
  {
    name: 'sample',
    summary: 'write small data to try things with: images, sounds, texts or a table, as files',
    load: async () => (await import('./commands/sample.js')).sampleCommand,
  },
  {
    name: 'report',
    summary: 'the table and report.html again, from what a run left',
    load: async () => (await import('./commands/report.js')).reportCommand,
  },
  {
    name: 'demo',
    summary: 'the main job on built-in data: trains a net on handwritten digits, then runs both strategies',
    load: async () => (await import('./commands/demo.js')).demoCommand,
  },
  {
    name: 'doctor',
    summary: 'whether this machine has all that is needed, and what to do where not',
    load: async () => (await import('./commands/doctor.js')).doctorCommand,
  },
  {
    name: 'completion',
    summary: 'a script that lets a shell complete commands and their options',
    load: async () => (await import('./commands/completion.js')).completionCommand,
  },
] as const satisfies readonly CommandEntry[];

export type CommandName = (typeof commands)[number]['name'];
