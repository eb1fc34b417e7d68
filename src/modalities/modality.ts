import type { Architecture } from '../architectures/index.js';
import type { Augmentation, ChannelStatistics, DataTensor, InputSpec, ModelInput, Prepare, Preprocess } from '../data/index.js';

/** A sample as a person can take it in. */
export interface Shown {
  /** One line: the text itself, the row's values, or what an image or sound is like. */
  text: string;
  /** A picture of it, as the URL of an image (data:image/...), where there is something to look at. */
  picture?: string;
}

/** What a fresh model of a family takes of samples of this kind. */
export interface Fresh {
  /** Shape of one sample as the model takes it. */
  input: readonly number[];
  /** Ids are below this, where the model takes ids. */
  vocabulary?: number;
  /** How samples become that; a name is one of `preprocesses`. Default: the usual one. */
  preprocess?: string | Preprocess;
}

/** What a search over trainings tries on samples. */
export interface Searched {
  /** Sets of augmentations by their names; "none" is among them. */
  augmentations: Readonly<Record<string, readonly Augmentation[]>>;
  /** The set to begin with. */
  usual: string;
  /** Whether a mirrored sample is as good, so that a model may look at both. */
  mirrors: boolean;
}

/**
 * A kind of data: what makes its samples a model's inputs, what changes them without changing what they mean, which architectures take them, and how a
 * person looks at them. Readers of its files are beside it, in `node/`. Whoever adds a kind of data writes one folder and one line in the table.
 */
export interface Modality {
  /** What InputSpec.kind calls its samples, e.g. "image". */
  readonly kind: string;
  /** What people call samples, e.g. "images". */
  readonly label: string;
  /** Whether one stored input may feed several of the model's, as a text does ids and a mask. Default false. */
  readonly feedsMany?: boolean;
  /** Whether `preprocesses` makes use of the training samples' statistics. */
  readonly usesStatistics: boolean;
  /**
   * What is made of samples before their statistics are taken, for a model with this input: where the numbers that are scaled are not the stored ones.
   * Default: nothing.
   */
  prepares?(sample: InputSpec, model: ModelInput): Prepare | undefined;
  /**
   * Every usual way to make the model's input of a stored sample, likeliest first; empty where none fits. Whoever has the model tries them and keeps the
   * best.
   * @param statistics of the training samples (`channelStatistics`), where it uses them.
   */
  preprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[];
  /** Names of the augmentations that are for such samples; see `pipeline` in data. */
  readonly augmentations: readonly string[];
  /** What suits the samples of any data of this kind. */
  usualAugmentation(sample: Pick<InputSpec, 'kind' | 'shape'>): Augmentation[];
  /** Families that take such samples, the one to begin with first. */
  readonly architectures: readonly Architecture[];
  /** A stored sample of what a program holds; undefined for what is none. Absent where only readers make samples. */
  sample?(raw: unknown, spec: InputSpec): DataTensor | undefined;
  /** What `sample` takes, for messages: "an ImageData or { data, width, height }". */
  readonly takes?: string;
  /** What a fresh model of one of them is given. Absent where there are none. */
  fresh?(sample: InputSpec, family: Architecture): Fresh;
  /** What a search over trainings tries. Default: no augmentation. */
  searched?(sample: InputSpec): Searched;
  /** One sample for people. @param sample of shape [1, ...]. */
  show(sample: DataTensor, spec: InputSpec): Shown;
}
