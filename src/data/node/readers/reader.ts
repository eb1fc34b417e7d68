import type { Activity } from '../../../base/index.js';
import type { DataSource } from '../../dataset.js';
import type { OpenOptions } from '../options.js';
import type { FileTree, TreeFile } from '../tree.js';

/** What a path holds: a folder's files, an archive's, or the one file. */
export interface Entry {
  /** As it was given: for messages, and as the source's name. */
  path: string;
  /** Paths within it start at its root; archives of several parts are folders called train and test. */
  tree: FileTree;
  /** All files, sorted by path in plain string order. */
  files: readonly TreeFile[];
}

/** A form of data that files may have. Whoever adds a kind of data writes one of these and one line in a table: `addReader`. */
export interface Reader {
  /** For people, in the plural: "tables". */
  readonly form: string;
  /** What it reads, for the message that says what can be read: ".csv or .tsv, also gzipped". */
  readonly reads: string;
  /** Whether it steps back where another reader recognizes files as well, as texts beside images do. Default false. */
  readonly givesWay?: boolean;
  /** The files that are of this form, in the entry's order; none where it has nothing to do with it. Looks at names only. */
  recognizes(entry: Entry): readonly TreeFile[];
  /**
   * Opens what an earlier run kept of an archive, without listing it; undefined where nothing is kept or the archive changed.
   */
  remember?(entry: Omit<Entry, 'files'>, options: OpenOptions, activity: Activity): Promise<DataSource | undefined>;
  /**
   * @param files what `recognizes` gave.
   * @throws DataError, FormatError or UnsupportedError naming the file; Stopped when the activity's signal is aborted.
   */
  open(entry: Entry, files: readonly TreeFile[], options: OpenOptions, activity: Activity): Promise<DataSource>;
}

/** The files at the root of an entry whose names match. */
export function topFiles({ files }: Entry, pattern: RegExp): TreeFile[] {
  return files.filter(({ path }) => !path.includes('/') && pattern.test(path));
}
