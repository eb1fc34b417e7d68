/** What a reader may be told. Every field is optional; a reader ignores what does not concern its format. */
export interface OpenOptions {
  /** CSV: the label column, by header name or number from 0; false where there is none. Default: a column named "label", "class", "target" or "y", else the last. */
  label?: string | number | false;
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
  /** Images: COCO's instances JSON with their boxes. Default: annotations.json, _annotations.coco.json or instances.json in the folder, if it is there. */
  annotations?: string;
  /** Images: the largest share that may be unreadable (they are left out with a warning) before it is an error. Default: 0.1. */
  maxUnreadable?: number;
  /** Images: where decoded pixels are kept. Default: $ESPALIER_CACHE, else the user's cache folder + "espalier"; the system's temporary folder where that cannot be written. */
  cacheDir?: string;
  /** Larger data stays on disk and is read in pieces. Default: 1 GiB (in bytes). */
  memoryLimit?: number;
}
