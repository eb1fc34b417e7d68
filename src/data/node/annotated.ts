import { readFile, stat } from 'node:fs/promises';
import { type Activity, DataError } from '../../base/index.js';
import type { DataSource } from '../dataset.js';
import { type BoxFit, boxTargets, type CocoImage, parseCoco } from '../formats/coco.js';
import { listed } from '../formats/labels.js';
import { contentOf, unreadable } from './files.js';
import { isImage, openImages } from './images.js';
import type { OpenOptions } from './options.js';
import type { FileTree, TreeFile } from './tree.js';

/** What annotations beside images are called. */
const ANNOTATIONS = ['annotations.json', '_annotations.coco.json', 'instances.json'];

/** COCO's JSON beside images. */
export interface Annotations {
  /** For messages. */
  where: string;
  /** Changes when the file does. */
  stamp: string;
  text: string;
}

/** The annotations that options name, or that lie at the root of a tree; undefined where there are none, or labels are not wanted. */
export async function annotationsOf(files: readonly TreeFile[], where: string, options: OpenOptions): Promise<Annotations | undefined> {
  if (options.labelled === false) return undefined;
  const { annotations } = options;
  if (annotations !== undefined) {
    const text = await readFile(annotations, 'utf8').catch((cause) => Promise.reject(unreadable(annotations, cause)));
    const { mtimeMs, size } = await stat(annotations);
    return { where: annotations, stamp: `${size}@${mtimeMs}`, text };
  }
  const own = files.find(({ path }) => ANNOTATIONS.includes(path));
  if (!own) return undefined;
  const text = new TextDecoder().decode(await contentOf(own, `${where}, ${own.path}`, options.maxUnpacked));
  return { where: `${where}, ${own.path}`, stamp: `${text.length}`, text };
}

/**
 * Opens images with their objects, as COCO's JSON annotates them. Images that it does not list are left out. Where sizes differ, images keep their
 * proportions and get gray bars, as YOLO's letterbox has it ("fill" stretches them); boxes are moved with them.
 * @throws DataError where it lists no image that is there; FormatError where it is not in COCO's form.
 */
export async function openAnnotated(
  tree: FileTree,
  { where: annotations, stamp, text }: Annotations,
  where: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const coco = parseCoco(text, annotations);
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
  const source = await openImages(annotated, where, { ...options, labelled: false, classes: undefined, fit }, activity, (paths, stored) =>
    boxTargets(
      coco,
      paths.map((path) => byPath.get(path) as CocoImage),
      stored,
      fit,
    ),
  );
  return { ...source, format: 'images with boxes (COCO)' };
}
