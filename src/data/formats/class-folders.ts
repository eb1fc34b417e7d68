import { DataError, FormatError } from '../../base/index.js';
import { classTargets, type Targets } from '../targets.js';
import { keepAsTest, type PartName, partOf } from './arrays.js';
import { byCodeUnit, listed } from './labels.js';

/** The files of one part, each a sample, with what is to be answered for each. */
export interface FilesOfPart<F> {
  files: F[];
  targets?: Targets;
}

/** The files of each part that there is. */
export type FilesByPart<F> = Partial<Record<PartName, FilesOfPart<F>>>;

/**
 * Makes sense of folders: optional train/ and test/ (or val/), then class folders, then files at any depth; or files without any folder, which have no labels.
 * Folders that hold everything (as archives often have) are looked through.
 * @param files each a sample, with its path from the root and forward slashes.
 * @param noun what samples are called: "image". The plural has an s.
 * @param given names of the classes, in their order. Default: those of the folders, in plain string order.
 * @throws DataError for one class only; FormatError when folders can be read in two ways.
 */
export function layOutFolders<F extends { path: string }>(
  files: readonly F[],
  where: string,
  noun: string,
  given?: readonly string[],
): FilesByPart<F> {
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
  const found: Partial<Record<PartName, Placed<F>[]>> = split
    ? Object.fromEntries([...parts].map(([part, members]) => [part, unwrap(members.map(stepInto), 1)]))
    : { train: inner };
  return label(keepAsTest(found), where, noun, given);
}

interface Placed<F> {
  file: F;
  /** The folders between the root and the file that have not been made sense of yet. */
  folders: string[];
}

function label<F extends { path: string }>(
  found: Partial<Record<PartName, Placed<F>[]>>,
  where: string,
  noun: string,
  given: readonly string[] | undefined,
): FilesByPart<F> {
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
  const names = (members: readonly Placed<F>[]) => [...new Set(members.map(({ folders }) => folders[0]))].sort(byCodeUnit);
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
  const toPart = (members: readonly Placed<F>[]) => ({
    files: members.map(({ file }) => file),
    targets: classTargets(
      Int32Array.from(members, ({ folders }) => numbers.get(folders[0]) as number),
      classes,
    ),
  });
  return mapParts(found, toPart);
}

/** Drops folders that all share, as long as `keep` further ones remain everywhere. */
function unwrap<F>(members: readonly Placed<F>[], keep: number): Placed<F>[] {
  let inner = [...members];
  const shared = () => inner.every(({ folders }) => folders.length > keep && folders[0] === inner[0].folders[0]);
  while (inner.length > 0 && shared()) inner = inner.map(stepInto);
  return inner;
}

function stepInto<F>({ file, folders }: Placed<F>): Placed<F> {
  return { file, folders: folders.slice(1) };
}

function groupBy<F>(members: readonly Placed<F>[], key: (member: Placed<F>) => string): Map<string, Placed<F>[]> {
  const groups = new Map<string, Placed<F>[]>();
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
