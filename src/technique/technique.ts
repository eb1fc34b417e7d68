import type { z } from 'zod';
import type { Point, SpaceDefinition } from '../automation/index.js';
import { OptionError } from '../base/index.js';
import type { Model } from '../onnx/index.js';
import type { Task } from '../training/index.js';
import type { TechniqueContext, TechniqueResult } from './context.js';

/** What a technique does to a model: makes it larger, smaller, or better at the same size. */
export type Effect = 'grow' | 'shrink' | 'improve';

/**
 * Where techniques stand in a recipe, from first to last. Those of one order are alternatives: a search puts at most one of them into a recipe.
 * What is to package a finished file comes last, and a search does not ask whether it pays.
 */
export const ORDERS = [
  'build',
  'prepare',
  'train',
  'prune',
  'factorize',
  'sparsify',
  'cluster',
  'quantize',
  'ensemble',
  'package',
] as const;
export type Order = (typeof ORDERS)[number];

/** Plain JSON values of a technique's options. */
export type Options = Readonly<Record<string, unknown>>;

/** Always, never, or with which options. A method's type, so that techniques with options of their own can stand in one list. */
type Need<O> = boolean | { holds(options: O): boolean }['holds'];

/** What a technique cannot do without. */
export interface Needs<O extends Options = Options> {
  /** A task with data. Default: no. */
  readonly data?: Need<O>;
  /** That the model can be trained; where it cannot, the technique does less, and says so, or refuses. Default: no. */
  readonly gradients?: Need<O>;
  /** That models are run: all but what only rewrites the graph. Default: no. */
  readonly runtime?: Need<O>;
  /** Share of the epochs of a full training that it takes to train what it made, in its option "epochs". Default 1. */
  readonly training?: number;
  /** How many times as long a step of that training takes as one by the labels alone: others answer beside the model, or it rounds. Default 1. */
  readonly stepCost?: number;
  /**
   * How many samples it has answered besides training, or does what takes as long: it calibrates, compares candidates. From it a run with a budget foresees what a
   * recipe takes. Default: none. @param validation samples of that part.
   */
  answers?(options: O, validation: number): number;
}

export type NeedName = 'data' | 'gradients' | 'runtime';

/** What a search may use. */
export interface Scope {
  /** Whether the model can be trained. */
  trainable: boolean;
  /** Whether the file's size alone is limited, so that a smaller or better model may take more work. */
  sizeOnly: boolean;
}

/** A point of a technique's own space that usually works. */
export interface Usual {
  point: Point;
  /** It costs quality: tried together with a later technique that trains, where there is one, and not by itself. Default false. */
  bold?: boolean;
  /** Tried once everything else was. Default false. */
  late?: boolean;
}

/**
 * A way to make a model smaller, faster or better. Everything in compression and learning is one, and says of itself all that others ask: strategies
 * compose recipes by effect, order and space, the command line makes flags of the schema, pages and lists are made of summaries and sources.
 * @typeParam C what it is given; those that always need data say so by `TaskContext`.
 */
export interface Technique<O extends Options = Options, C extends TechniqueContext = TechniqueContext> {
  /** What recipes call it, e.g. "quantize" or "prune". */
  readonly name: string;
  /** Names that it had, which old recipes use. */
  readonly aliases?: readonly string[];
  /** What people call it. Default: the name. */
  readonly title?: string;
  /** One sentence. */
  readonly summary: string;
  /** Where it is published, with venue or arXiv number; or that it is nowhere. */
  readonly source: string;
  readonly effects: readonly Effect[];
  readonly order: Order;
  /** Orders of techniques that would undo it, and that no recipe of a search has behind it. Default: none. */
  readonly excludes?: readonly Order[];
  /** Whether what it makes is no use by itself and takes no time: it is then made again rather than kept. Default false. */
  readonly isTransient?: boolean;
  /** Every option with its default and description. */
  readonly schema: z.ZodType<O>;
  readonly needs: Needs<O>;
  /** Options that an example gives. Default: none. */
  readonly example?: Options;
  /** What tells one application from another at a glance, in words that are joined by spaces, e.g. ["prune to 50%", "taylor"]; none where there is nothing to tell. */
  label(options: O): readonly string[];
  /**
   * What a search may try for this model and task; option names as in the schema, options that are not named keep their defaults. Without
   * parameters the search tries it or leaves it; undefined: there is nothing to be tried.
   */
  space(model: Model, task: Task, scope: Scope): SpaceDefinition | undefined;
  /** Points of the space that are tried first, the likeliest first. Default: none. */
  usual?(model: Model, task: Task, scope: Scope): readonly Usual[];
  /**
   * Options with which it makes a model of about the same footprint at once: nothing is trained, nor searched by what was trained. So it is known before a training what it is for.
   * Default: the options themselves where no gradients are needed; else nothing is known, unless it only improves.
   */
  sketch?(options: O): O;
  apply(context: C, options: O): Promise<TechniqueResult>;
}

/** A technique with its options, as recipes store it. */
export interface Step {
  technique: string;
  options: Options;
}

/** What was done to a model, in order: plain JSON, replayable, stored with every model that it made. */
export type Recipe = readonly Step[];

/** @throws OptionError naming the option that cannot be used. */
export function checkOptions<O extends Options>(technique: Pick<Technique<O>, 'name' | 'schema'>, options: unknown): O {
  const checked = technique.schema.safeParse(options ?? {});
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new OptionError({
    what: issue.message,
    where: `technique "${technique.name}"${issue.path.length > 0 ? `, option "${issue.path.join('.')}"` : ''}`,
  });
}
