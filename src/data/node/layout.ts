import { DataError, FormatError } from '../../base/index.js';
import { keepAsTest, type PartName, partOf } from '../formats/arrays.js';
import { byCodeUnit, listed } from '../formats/labels.js';
import type { TreeFile } from './tree.js';

/** The images of one part, in path order; `labels` are class numbers. */
export interface ImagePart {
  files: TreeFile[];
  labels?: Int32Array;
}

/** How the images of a tree are to be read. */
export interface ImageLayout {
  parts: Partial<Record<PartName, ImagePart>>;
  classes?: readonly string[];
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

export function isImage(path: string): boolean {
  return IMAGE.test(path);
}

/**
 * Makes sense of a tree's folders: optional train/ and test/ (or val/), then class folders, then images at any depth; or images without any
 * folder, which have no labels. Folders that hold everything (as archives often have) are looked through.
 * @throws DataError when there is no image or one class; FormatError when folders can be read in two ways.
 */
export function layOutImages(
  files: readonly TreeFile[],
  where: string,
  options: { labelled?: boolean; classes?: readonly string[] },
): ImageLayout {
  const images = files.filter(({ path }) => isImage(path)).map((file) => ({ file, folders: file.path.split('/').slice(0, -1) }));
  if (images.length === 0) {
    throw new DataError({
      what: 'There is no image',
      where,
      expected: '.jpg, .png, .webp, .gif, .tiff or .avif files',
      got:
        files.length === 0
          ? 'no file'
          : listed(
              files.map(({ path }) => path),
              3,
            ),
    });
  }
  if (options.labelled === false) return { parts: { train: { files: images.map(({ file }) => file) } } };
  const inner = unwrap(images, 1);
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
  return label(keepAsTest(found), where, options.classes);
}

interface Placed {
  file: TreeFile;
  /** The folders between the root and the file that have not been made sense of yet. */
  folders: string[];
}

function label(found: Partial<Record<PartName, Placed[]>>, where: string, given: readonly string[] | undefined): ImageLayout {
  const all = Object.values(found).flat();
  const loose = all.filter(({ folders }) => folders.length === 0);
  if (loose.length === all.length) {
    return { parts: mapParts(found, (members) => ({ files: members.map(({ file }) => file) })) };
  }
  if (loose.length > 0) {
    throw new FormatError({
      what: 'Some images lie in class folders and some beside them',
      where,
      expected: 'all of them in class folders, or none',
      got: `${all.length - loose.length} in folders, ${loose.length} beside them, e.g. ${loose[0].file.path}`,
      fix: 'Move or remove the loose images, or ask to read them all without labels',
    });
  }
  const names = (members: readonly Placed[]) => [...new Set(members.map(({ folders }) => folders[0]))].sort(byCodeUnit);
  const classes = given ?? names(found.train ?? []);
  if (classes.length < 2) {
    throw new DataError({
      what: 'All images are in one class folder',
      where,
      expected: 'a folder for each of at least two classes',
      got: `"${classes[0]}"`,
      fix: 'Add another class, or ask to read the images without labels',
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
    labels: Int32Array.from(members, ({ folders }) => numbers.get(folders[0]) as number),
  });
  return { parts: mapParts(found, toPart), classes };
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
