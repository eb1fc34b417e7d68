import type { Preprocess } from './preprocess/spec.js';
import type { Targets } from './targets.js';
import type { DataTensor, ElementType, SampleKind } from './tensor.js';

/** One named array that every sample has. Most data sets have one: "image", "features" or "input". */
export interface InputSpec {
  name: string;
  type: ElementType;
  /** Shape of one sample, without the batch axis. Images are [height, width, channels]. */
  shape: readonly number[];
  kind: SampleKind;
  /** Of sounds: samples a second, in Hz. */
  sampleRate?: number;
  /** Whether samples may be shorter than `shape` along its first axis; a batch is padded to its longest sample and has `lengths`. Default false. */
  ragged?: boolean;
  /** Features: the table's columns, where some are of categories or values are missing (NaN). Default: plain numbers. */
  columns?: readonly ColumnSpec[];
  /** Features: the names of columns of plain numbers, where the table has them. */
  names?: readonly string[];
  /** Smallest and largest possible stored value where that is known, e.g. [0, 255] for decoded images and [0, 16] for the built-in digits. */
  range?: readonly [number, number];
}

/** A column of a table. */
export interface ColumnSpec {
  name: string;
  /** Names of its categories, where it is one of texts: its values are their numbers, -1 for one that is not listed. Default: it holds numbers. */
  categories?: readonly string[];
}

/** Some samples, side by side. What `read` returns is the reader's own: it may be changed in place. */
export interface Batch {
  /** How many samples. */
  size: number;
  /** Which samples of the data set that was read. */
  indices: Int32Array;
  /** By input name; each tensor is [size, ...sample shape], of ragged inputs [size, longest in the batch, ...] with `lengths`. */
  inputs: Record<string, DataTensor>;
  /** What is to be answered for each sample; absent where the data has no targets. */
  targets?: Targets;
  /** How much each sample counts in a loss of classes. Default: 1. */
  weights?: Float32Array;
  /** Set by mixup: sample i is `weights[i]` of itself and 1 - `weights[i]` of a sample with the targets `mixed.targets[i]`. */
  mixed?: { targets: Targets; weights: Float32Array };
  /** Left by augmentations that change what samples are prepared into, in order. */
  afterwards?: readonly PreparedChange[];
}

/**
 * A change to prepared samples, e.g. to spectrograms where sounds are stored. It may work in place, and gives the same again where it is asked
 * again: several models may be fed from one batch.
 * @param from name of the stored input.
 */
export type PreparedChange = (prepared: DataTensor, from: string, preprocess: Preprocess) => DataTensor;

/** Samples that can be read in any order. The contract that every reader, view and test double fulfils. */
export interface Dataset {
  /** For people: where the samples come from. */
  readonly name: string;
  /** Number of samples. */
  readonly size: number;
  readonly inputs: readonly InputSpec[];
  /** What is to be answered for each sample; absent where the data has no targets. */
  readonly targets?: Targets;
  /** The path of each sample's file, where samples are files of their own that were opened to be answered; views have none. */
  readonly files?: readonly string[];
  /** SHA-256 (hex) of the content and of what was done to read it; the same on every machine. */
  readonly fingerprint: string;
  /**
   * Reads samples into one contiguous batch, in the order of `indices`; an index may occur more than once.
   * @throws OptionError when an index is outside [0, size), Stopped when the signal is aborted.
   */
  read(indices: Int32Array, signal?: AbortSignal): Promise<Batch>;
  /** Where the data set is a view of another one: that one, and which of its samples. */
  readonly view?: { readonly of: Dataset; readonly indices: Int32Array };
}

/** What a reader found: the samples, and the parts that the source itself sets apart for validation and test. */
export interface DataSource {
  name: string;
  /** The recognised form, e.g. "class folders" or "IDX". */
  format: string;
  /** Everything that the source does not set apart. */
  train: Dataset;
  /** The source's own validation part, where it has one besides a test part. */
  validation?: Dataset;
  /** The source's own test part. */
  test?: Dataset;
  /** Frees what the data sets hold open (files); they cannot be read afterwards. */
  close(): Promise<void>;
}
