import type { PartName } from '../formats/arrays.js';
import type { Targets } from '../targets.js';
import type { TreeFile } from './tree.js';

/** The files of one part, each a sample, with what is to be answered for each. */
export interface FilePart {
  files: TreeFile[];
  targets?: Targets;
}

/** The files of each part that there is. */
export type Layout = Partial<Record<PartName, FilePart>>;
