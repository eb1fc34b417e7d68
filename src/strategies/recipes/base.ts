import { architecture as familyOf } from '../../architectures/index.js';
import { usualAugmentation } from '../../modalities/index.js';
import type { Options, Recipe } from '../../technique/index.js';
import type { Task } from '../../training/index.js';

/** One member of a family of architectures. */
export interface FamilyMember {
  /** Of the family. */
  name: string;
  /** Channels and blocks per stage, relative to the family as published. */
  width: number;
  depth: number;
  /** Side of the input image in pixels. Default: the data's. */
  resolution?: number;
  /** Side of kernels, pixels of a side that are averaged to one, and kind of block, where they are not the usual ones. */
  kernel?: number;
  binning?: number;
  block?: string;
}

/** The member that a run starts from. */
export interface StartArchitecture extends FamilyMember {
  /** What the family can be scaled by. */
  scales: readonly string[];
}

/** How an architecture becomes the baseline: built as asked for and trained on the task, on images that are shifted a little. */
export function baseRecipe({ name, width, depth, resolution }: FamilyMember, task: Task, epochs: number): Recipe {
  const augment = usualAugmentation(task.splits.train.inputs[0]);
  return trainingRecipe({ name, width, depth, resolution }, { technique: 'train', options: { epochs, augment } });
}

/** A model of a family, built, prepared and trained in the way that suits the family. */
export function trainingRecipe(
  { name, width, depth, ...others }: FamilyMember,
  training: { technique: 'train' | 'distill'; options: Options },
): Recipe {
  const { preparation = [], training: suits = {} } = familyOf(name);
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const build = { technique: 'build', options: { architecture: name, width, depth, ...given } };
  return [build, ...preparation, { ...training, options: { ...suits, ...training.options } }];
}
