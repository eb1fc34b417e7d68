import { type Activity, DataError, FormatError } from '../../base/index.js';
import { keepAsTest, type PartName, partOf } from '../formats/arrays.js';
import { byCodeUnit, listed } from '../formats/labels.js';
import { chooseSamples, shares } from '../limit.js';
import { classTargets, pickTargets } from '../targets.js';
import { layOutByMetadata, metadataFiles } from './metadata.js';
import { isNamePattern, layOutByNames } from './name-pattern.js';
import type { OpenOptions } from './options.js';
import type { FilePart, Layout } from './parts.js';
import type { TreeFile } from './tree.js';

/** What samples are called: "image". The plural has an s. */
type Noun = string;

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
  noun: Noun,
  options: Pick<OpenOptions, 'labelled' | 'classes' | 'label' | 'targets'>,
  activity: Activity = {},
): Promise<Layout> {
  if (isNamePattern(options.label) && options.labelled !== false) return layOutByNames(files, options.label, where, options.classes);
  const tables = metadataFiles(all);
  if (tables.length > 0 && options.labelled !== false) return layOutByMetadata(files, tables, where, options, activity);
  if (options.labelled === false) return { train: { files: [...files] } };
  const placed = files.map((file) => ({ file, folders: file.path.split('/').slice(0, -1) }));
  const inner = unwrap(placed, 1);
  const groups = groupBy(inner, ({ folders }) => folders[0] ?? '');
  const parts = new Map([...groups].map(([name, members]) => [partOf(name), members]));
  const split = groups.size > 1 && !parts.has(undefined);
  if (split && (!parts.has('train') || parts.size < groups.size)) {
    throw new FormatError({
      what: 'The folders are named like parts of a data set, but do not make one',
      where,
      expected: 'train with test or val (each once)',
      got: listed([...groups.keys()]),
      fix: 'Rename the folders, or open one of them by itself',
    });
  }
  const found: Partial<Record<PartName, Placed[]>> = split
    ? Object.fromEntries([...parts].map(([part, members]) => [part, unwrap(members.map(stepInto), 1)]))
    : { train: inner };
  return label(keepAsTest(found), where, noun, options.classes);
}

interface Placed {
  file: TreeFile;
  /** The folders between the root and the file that have not been made sense of yet. */
  folders: string[];
}

function label(found: Partial<Record<PartName, Placed[]>>, where: string, noun: Noun, given: readonly string[] | undefined): Layout {
  const all = Object.values(found).flat();
  const loose = all.filter(({ folders }) => folders.length === 0);
  if (loose.length === all.length) {
    return mapParts(found, (members) => ({ files: members.map(({ file }) => file) }));
  }
  if (loose.length > 0) {
    throw new FormatError({
      what: `Some ${noun}s lie in class folders and some beside them`,
      where,
      expected: 'all of them in class folders, or none',
      got: `${all.length - loose.length} in folders, ${loose.length} beside them, e.g. ${loose[0].file.path}`,
      fix: `Move or remove the loose ${noun}s, or ask to read them all without labels`,
    });
  }
  const names = (members: readonly Placed[]) => [...new Set(members.map(({ folders }) => folders[0]))].sort(byCodeUnit);
  const classes = given ?? names(found.train ?? []);
  if (classes.length < 2) {
    throw new DataError({
      what: `All ${noun}s are in one class folder`,
      where,
      expected: 'a folder for each of at least two classes',
      got: `"${classes[0]}"`,
      fix: `Add another class, or ask to read the ${noun}s without labels`,
    });
  }
  const stranger = names(all).find((name) => !classes.includes(name));
  if (stranger !== undefined) {
    throw new DataError({
      what: `"${stranger}" is none of the classes`,
      where,
      expected: `folders ${listed(classes)}`,
      got: `"${stranger}"`,
    });
  }
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const toPart = (members: readonly Placed[]) => ({
    files: members.map(({ file }) => file),
    targets: classTargets(
      Int32Array.from(members, ({ folders }) => numbers.get(folders[0]) as number),
      classes,
    ),
  });
  return mapParts(found, toPart);
}

/** Drops folders that all share, as long as `keep` further ones remain everywhere. */
function unwrap(members: readonly Placed[], keep: number): Placed[] {
  let inner = [...members];
  const shared = () => inner.every(({ folders }) => folders.length > keep && folders[0] === inner[0].folders[0]);
  while (inner.length > 0 && shared()) inner = inner.map(stepInto);
  return inner;
}

function stepInto({ file, folders }: Placed): Placed {
  return { file, folders: folders.slice(1) };
}

function groupBy(members: readonly Placed[], key: (member: Placed) => string): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const member of members) {
    const name = key(member);
    const group = groups.get(name);
    if (group) group.push(member);
    else groups.set(name, [member]);
  }
  return groups;
}

function mapParts<A, B>(parts: Partial<Record<PartName, A>>, change: (part: A) => B): Partial<Record<PartName, B>> {
  return Object.fromEntries(Object.entries(parts).flatMap(([name, part]) => (part === undefined ? [] : [[name, change(part)]])));
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
