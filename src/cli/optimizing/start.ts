import { basename } from 'node:path';
import { architecture } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import { freshModel } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { CommandContext } from '../context.js';
import type { Options } from './options.js';

/** @throws OptionError where there is not one start, before anything is read. */
export function checkStart(path: string | undefined, { arch }: Options): void {
  if ((path === undefined) === (arch === undefined))
    throw new OptionError({ what: 'Give either a model or --arch', got: path === undefined ? 'neither' : 'both' });
}

/** Where a run starts from. */
export interface Start {
  name: string;
  model: Model;
  task: Task;
  architecture?: { name: string; width: number; depth: number; resolution?: number; scales: readonly string[] };
}

/** Opens what a run starts from. */
export function openStart(path: string | undefined, options: Options, context: CommandContext): Promise<Start> {
  return path === undefined ? startFromArchitecture(options.arch as string, options, context) : startFromModel(path, options, context);
}

async function startFromModel(path: string, options: Options, context: CommandContext): Promise<Start> {
  const model = await context.model(path);
  return { name: basename(path), model, task: await context.task(model, options) };
}

async function startFromArchitecture(name: string, options: Options, context: CommandContext): Promise<Start> {
  const source = await context.source(options);
  const family = architecture(name);
  const { width, depth, resolution } = options;
  const { model, preprocess } = freshModel(source, { family: name, width, depth, resolution, seed: context.seed });
  const task = await context.task(model, options, { source, untrained: true, preprocess });
  return {
    name: `${name} on ${source.name}`,
    model,
    task,
    architecture: { name, width, depth, resolution, scales: family.scales },
  };
}
