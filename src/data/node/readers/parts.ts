import { FormatError } from '../../../base/index.js';
import { type PartName, partOf } from '../../formats/arrays.js';
import { listed } from '../../formats/labels.js';
import type { TreeFile } from '../tree.js';

/** The number of a file among several that make one, as "train-00000-of-00002.parquet" has it. */
const SHARD = /-\d+-of-\d+$/;

/**
 * Files named like parts of a data set, by part, each perhaps in several pieces; a single file is everything. Folders above the files may name the part instead.
 * @param extension what of the names is no name.
 * @throws FormatError where it is not clear which files belong together.
 */
export function filesByPart(where: string, files: readonly TreeFile[], extension: RegExp): Partial<Record<PartName, TreeFile[]>> {
  if (files.length === 1) return { train: [...files] };
  const parts: Partial<Record<PartName, TreeFile[]>> = {};
  const whole = new Set<string>();
  for (const file of files) {
    const name = file.path.replace(extension, '').split('/').at(-1) ?? '';
    const stem = name.replace(SHARD, '');
    const part =
      partOf(stem) ??
      file.path
        .split('/')
        .slice(0, -1)
        .map(partOf)
        .find((each) => each !== undefined);
    const isPiece = SHARD.test(name);
    if (part === undefined || (!isPiece && whole.has(part))) throw severalFiles(where, files);
    if (!isPiece) whole.add(part);
    parts[part] = [...(parts[part] ?? []), file];
  }
  if (parts.train) return parts;
  throw severalFiles(where, files);
}

export function severalFiles(
  where: string,
  files: readonly TreeFile[],
  expected = 'one file, or files named train with test or val',
): FormatError {
  return new FormatError({
    what: 'It is not clear which files belong together',
    where,
    expected,
    got: listed(files.map(({ path }) => path)),
    fix: 'Name the file that is meant',
  });
}
