import type { FilesByPart, FilesOfPart } from '../formats/class-folders.js';
import type { TreeFile } from './tree.js';

/** The files of one part, each a sample, with what is to be answered for each. */
export type FilePart = FilesOfPart<TreeFile>;

/** The files of each part that there is. */
export type Layout = FilesByPart<TreeFile>;
