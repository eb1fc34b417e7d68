import { readFile, stat } from 'node:fs/promises';
import { type Activity, DataError } from '../../base/index.js';
import type { DataSource } from '../dataset.js';
import { type PartName, partOf } from '../formats/arrays.js';
import { type BoxFit, boxTargets, type CocoFile, type CocoImage, parseCoco } from '../formats/coco.js';
import { listed } from '../formats/labels.js';
import { contentOf, unreadable } from './files.js';
import { isImage, openImages } from './images.js';
import type { OpenOptions } from './options.js';
import type { FileTree, TreeFile } from './tree.js';

/** What annotations beside images are called. */
const ANNOTATIONS = ['annotations.json', '_annotations.coco.json', 'instances.json'];

/** The training part says what the categories are. */
const ORDER: readonly PartName[] = ['train', 'validation', 'test'];

/** COCO's JSON beside images: one file, or one in the folder of each part. */
export interface Annotations {
  /** For messages. */
  where: string;
  /** Changes when a file does. */
  stamp: string;
  files: readonly CocoFile[];
  /** The part that each file is for, where there are several. */
  parts?: readonly PartName[];
}

/**
 * The annotations that options name, that lie at the root of a tree, or that lie in folders named like parts, as Roboflow exports them: train/, valid/, test/.
 * Undefined where there are none, or labels are not wanted.
 */
export async function annotationsOf(files: readonly TreeFile[], where: string, options: OpenOptions): Promise<Annotations | undefined> {
  if (options.labelled === false) return undefined;
  const { annotations } = options;
  if (annotations !== undefined) {
    const text = await readFile(annotations, 'utf8').catch((cause) => Promise.reject(unreadable(annotations, cause)));
    const { mtimeMs, size } = await stat(annotations);
    return { where: annotations, stamp: `${size}@${mtimeMs}`, files: [{ text, where: annotations }] };
  }
  const read = async (file: TreeFile, folder?: string): Promise<CocoFile> => {
    const text = new TextDecoder().decode(await contentOf(file, `${where}, ${file.path}`, options.maxUnpacked));
    return { text, where: `${where}, ${file.path}`, folder };
  };
  const own = files.find(({ path }) => ANNOTATIONS.includes(path));
  if (own) {
    const file = await read(own);
    return { where: file.where, stamp: `${file.text.length}`, files: [file] };
  }
  const found = files.flatMap((file) => {
    const folders = file.path.split('/');
    const part = ANNOTATIONS.includes(folders.pop() ?? '') ? partOf(folders.at(-1) ?? '') : undefined;
    return part === undefined ? [] : [{ file, part, folder: folders.join('/') }];
  });
  found.sort((a, b) => ORDER.indexOf(a.part) - ORDER.indexOf(b.part));
  const parts = found.map(({ part }) => part);
  if (!parts.includes('train') || new Set(parts).size < parts.length) return undefined;
  const all = [];
  for (const { file, folder } of found) all.push(await read(file, folder));
  return { where, stamp: all.map(({ text }) => text.length).join(), files: all, parts };
}

/**
 * Opens images with their objects, as COCO's JSON annotates them. Images that it does not list are left out. Where sizes differ, images keep their
 * proportions and get gray bars, as YOLO's letterbox has it ("fill" stretches them); boxes are moved with them.
 * @throws DataError where it lists no image that is there; FormatError where it is not in COCO's form.
 */
export async function openAnnotated(
  tree: FileTree,
  { where: annotations, stamp, files: described, parts }: Annotations,
  where: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const coco = parseCoco(described);
  const files = (await tree.list()).filter(isImage);
  const byPath = new Map<string, CocoImage>();
  for (const image of coco.images) {
    const own = files.filter(({ path }) => path === image.path || path.endsWith(`/${image.path}`));
    if (own.length === 1) byPath.set(own[0].path, image);
  }
  if (byPath.size === 0)
    throw new DataError({
      what: 'None of the images is there that the labels are for',
      where: annotations,
      expected: listed(coco.images.map(({ path }) => path)),
      got: listed(files.map(({ path }) => path)),
    });
  const missing = coco.images.length - byPath.size;
  if (missing > 0)
    activity.onMessage?.({ level: 'warning', text: `${where}: ${missing} image(s) of the labels are not there and are left out.` });
  const fit: BoxFit = options.fit === 'fill' ? 'fill' : 'contain';
  const annotated: FileTree = {
    stamp: `${tree.stamp} ${stamp}`,
    list: async () => files.filter(({ path }) => byPath.has(path)),
    close: () => tree.close(),
  };
  const partOfFile = ({ path }: TreeFile) => parts?.[described.findIndex(({ folder }) => path.startsWith(`${folder}/`))] ?? 'train';
  const source = await openImages(annotated, where, { ...options, labelled: false, classes: undefined, fit }, activity, {
    partOf: partOfFile,
    targetsOf: (paths, stored) =>
      boxTargets(
        coco,
        paths.map((path) => byPath.get(path) as CocoImage),
        stored,
        fit,
      ),
  });
  return { ...source, format: 'images with boxes (COCO)' };
}
