import type { Activity } from '../../base/index.js';
import { layOutFolders } from '../formats/class-folders.js';
import { chooseSamples, shares } from '../limit.js';
import { pickTargets } from '../targets.js';
import { layOutByMetadata, metadataFiles } from './metadata.js';
import { isNamePattern, layOutByNames } from './name-pattern.js';
import type { OpenOptions } from './options.js';
import type { FilePart, Layout } from './parts.js';
import type { TreeFile } from './tree.js';

/**
 * Makes sense of files that are a sample each: by a pattern of their names (see `layOutByNames`); else by a table called metadata beside them; else by folders: optional train/ and test/ (or val/), then class
 * folders, then files at any depth; or files without any folder, which have no labels. Folders that hold everything (as archives often have) are looked
 * through.
 * @param files those that are samples, e.g. images.
 * @param all every file there is, metadata among them.
 * @throws DataError for one class only; FormatError when folders can be read in two ways.
 */
export async function layOutFiles(
  files: readonly TreeFile[],
  all: readonly TreeFile[],
  where: string,
  noun: string,
  options: Pick<OpenOptions, 'labelled' | 'classes' | 'label' | 'targets'>,
  activity: Activity = {},
): Promise<Layout> {
  if (isNamePattern(options.label) && options.labelled !== false) return layOutByNames(files, options.label, where, options.classes);
  const tables = metadataFiles(all);
  if (tables.length > 0 && options.labelled !== false) return layOutByMetadata(files, tables, where, options, activity);
  if (options.labelled === false) return { train: { files: [...files] } };
  return layOutFolders(files, where, noun, options.classes);
}

/** As many files as `limit` keeps, of each class alike: what is left out is not even decoded. */
export function limited(parts: Layout, { limit }: Pick<OpenOptions, 'limit'>): Layout {
  if (!limit) return parts;
  const entries = Object.entries(parts);
  const counts = shares(
    entries.map(([, { files }]) => files.length),
    limit.count,
  );
  const pick = ({ files, targets }: FilePart, count: number): FilePart => {
    const chosen = chooseSamples(files.length, count, targets, limit.seed);
    return { files: Array.from(chosen, (i) => files[i]), ...(targets && { targets: pickTargets(targets, chosen) }) };
  };
  return Object.fromEntries(entries.map(([name, part], i) => [name, pick(part, counts[i])]));
}
