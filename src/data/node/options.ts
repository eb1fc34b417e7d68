import { OptionError } from '../../base/index.js';

/** What a reader may be told. Every field is optional; a reader ignores what does not concern its format. */
export interface OpenOptions {
  /**
   * Tables: the target columns, by header name or number from 0, several separated by commas; false where there is none. Default: a column named "label",
   * "class", "target" or "y", else the last, with those before it that are named as targets, too (label0, label1). Files that are a sample each: a pattern of their names with {label} where the class is, e.g. "{label}_*".
   */
  label?: string | number | false;
  /** Tables: the columns that are features, by name or number. Default: all that are not targets. */
  columns?: readonly string[];
  /** Tables: names of the features in a trained model's order, in which they are read whatever their order in the file. Default: as they come. */
  order?: readonly string[];
  /** Tables: categories of columns of texts by their names, as a trained model knows them. Default: found in the training part. */
  categories?: Readonly<Record<string, readonly string[]>>;
  /** Keeps at most so many samples, of every class its share; what is left out is not decoded. Default: all. */
  limit?: { count: number; seed?: number };
  /** CSV: whether the first line names the columns. Default: found out (it does when it has text above numbers). */
  header?: boolean;
  /** Images: false reads all images at any depth as one unlabelled set. Default: true where there are class folders. */
  labelled?: boolean;
  /** Class names in the order of the model's outputs. Default: folder names in plain string order, as PyTorch's ImageFolder sorts them. */
  classes?: readonly string[];
  /** What the targets are, where the data does not tell: numbers that are whole may be classes or quantities. Default: found in the data. */
  targets?: 'class' | 'labels' | 'numbers';
  /** Images: every image is brought to this size. Default: their own, when all agree. */
  imageSize?: { width: number; height: number };
  /** Images: the model's size, taken where images differ in size or are larger than it both ways, and `imageSize` is not given. */
  fallbackSize?: { width: number; height: number };
  /**
   * Images: how another aspect ratio is brought to the size: "cover" crops the middle, "fill" stretches, "contain" puts gray bars around. Default: "cover",
   * for images with boxes "contain".
   */
  fit?: 'cover' | 'fill' | 'contain';
  /** Images: COCO's instances JSON with their boxes. Default: annotations.json, _annotations.coco.json or instances.json in the folder, or in those of its parts. */
  annotations?: string;
  /** Images: whether photos are turned as their EXIF orientation says. Default: true. */
  orient?: boolean;
  /** Sounds: all are brought to this rate, in Hz. Default: that of the first file. */
  sampleRate?: number;
  /** Sounds: all are brought to this length, in seconds: longer ones are cut, zeros follow shorter ones. Default: the longest, at most 10. */
  seconds?: number;
  /** Sounds: batches are padded to their own longest sound only, and at most cut to `seconds`. Default: false, all have one length. */
  ragged?: boolean;
  /** Images and sounds: the largest share that may be unreadable (they are left out with a warning) before it is an error. Default: 0.1. */
  maxUnreadable?: number;
  /** Images and sounds: where decoded samples are kept. Default: $ESPALIER_CACHE, else the user's cache folder + "espalier"; the system's temporary folder where that cannot be written. */
  cacheDir?: string;
  /**
   * Most bytes that a packed file may unpack to. Default: 100 times its size, but at least 64 MB and at most 4 GiB in memory (.gz, .npz), at least
   * 1 GB and at most 16 GiB on the disk (.tar.gz).
   */
  maxUnpacked?: number;
  /** Larger data stays on disk and is read in pieces. Default: 1 GiB (in bytes). */
  memoryLimit?: number;
}

/** @throws OptionError naming the option that cannot be used. */
export function checkOptions(options: OpenOptions): void {
  const { maxUnreadable = 0, memoryLimit = 0, maxUnpacked = 1, fit = 'cover', classes, limit } = options;
  const check = (name: keyof OpenOptions, good: boolean, expected: string) => {
    if (good) return;
    throw new OptionError({ what: 'Not a usable value', where: `option "${name}"`, expected, got: JSON.stringify(options[name]) });
  };
  for (const name of ['imageSize', 'fallbackSize'] as const) {
    const size = options[name];
    check(name, !size || [size.width, size.height].every((side) => Number.isInteger(side) && side > 0), 'positive whole width and height');
  }
  check('maxUnreadable', maxUnreadable >= 0 && maxUnreadable <= 1, 'a share in [0, 1]');
  const { sampleRate = 1, seconds = 1 } = options;
  check('sampleRate', Number.isInteger(sampleRate) && sampleRate >= 1 && sampleRate <= 1_000_000, 'a whole number of Hz, at most 1000000');
  check('seconds', seconds > 0 && seconds <= 3600, 'a positive number, at most 3600');
  check('memoryLimit', memoryLimit >= 0, 'a number of bytes');
  check('maxUnpacked', maxUnpacked > 0, 'a number of bytes');
  check('fit', ['cover', 'fill', 'contain'].includes(fit), '"cover", "fill" or "contain"');
  check('classes', !classes || (classes.length > 1 && new Set(classes).size === classes.length), 'at least two names, all different');
  check('limit', !limit || (Number.isInteger(limit.count) && limit.count >= 1), 'a whole number of samples, at least 1');
}
