import { FormatError } from '../../base/index.js';
import type { BoxTarget, BoxTargets } from '../targets.js';

/** What COCO's instances JSON says of one image. */
export interface CocoImage {
  /** As the file names it, with forward slashes. */
  path: string;
  width: number;
  height: number;
  objects: BoxTarget[];
}

export interface Coco {
  /** Names of the categories, by rising id. */
  classes: string[];
  ids: number[];
  images: CocoImage[];
}

interface Annotation {
  image_id: unknown;
  category_id: unknown;
  bbox: unknown;
  area?: unknown;
  iscrowd?: unknown;
}

/** A file of COCO's, and where its images lie. */
export interface CocoFile {
  text: string;
  /** For messages. */
  where: string;
  /** The folder that its paths are relative to. Default: anywhere. */
  folder?: string;
}

/** Lists of a file, as it has them. */
type Lists = Record<'images' | 'categories' | 'annotations', Record<string, unknown>[]>;

type Refuse = (what: string, got?: unknown) => FormatError;

/**
 * Reads instances in COCO's form, from one file or from one for each part of the data: `images` (id, file_name, width, height), `categories` (id, name) and `annotations` (image_id, category_id, bbox [left,
 * top, width, height], area, iscrowd). A category that only names others' supercategory and has no box is left out.
 * @throws FormatError naming what is missing or does not fit.
 */
export function parseCoco(files: readonly CocoFile[]): Coco {
  const refuse = refuseIn(files.map(({ where }) => where).join(', '));
  const lists = files.map(listsOf);
  const merged = files.length === 1 ? lists[0] : merge(lists, files);
  const annotations = merged.annotations as unknown as Annotation[];
  const used = new Set(annotations.map(({ category_id }) => category_id));
  const all = merged.categories;
  const isHeading = ({ id, name }: Record<string, unknown>) =>
    !used.has(id) && all.some((each) => each.supercategory === name && each.id !== id);
  const categories = all.filter((each) => !isHeading(each)).sort((a, b) => Number(a.id) - Number(b.id));
  for (const each of categories)
    if (!Number.isInteger(each.id) || typeof each.name !== 'string') throw refuse('A category has no id or name', each);
  const numbers = new Map(categories.map(({ id }, i) => [id, i]));
  const images = new Map<unknown, CocoImage>();
  for (const image of merged.images) {
    const { id, file_name: path, width, height } = image;
    const isSized = [width, height].every((side) => typeof side === 'number' && side > 0);
    if (typeof path !== 'string' || !isSized) throw refuse('An image has no name or size', image);
    images.set(id, { path: path.replaceAll('\\', '/').replace(/^\.\//, ''), width: Number(width), height: Number(height), objects: [] });
  }
  for (const each of annotations) {
    const { bbox, area, iscrowd } = each;
    const category = numbers.get(each.category_id);
    const image = images.get(each.image_id);
    if (category === undefined || !image) throw refuse('An annotation is of an image or category that is not listed', each);
    if (!isBox(bbox)) throw refuse('An annotation has no box', each);
    image.objects.push({ category, box: bbox, ...(typeof area === 'number' && { area }), ...(iscrowd === 1 && { isCrowd: true }) });
  }
  return {
    classes: categories.map(({ name }) => name as string),
    ids: categories.map(({ id }) => id as number),
    images: [...images.values()],
  };
}

function refuseIn(where: string): Refuse {
  return (what, got) =>
    new FormatError({
      what,
      where,
      expected: 'COCO instances: images (id, file_name, width, height), categories (id, name), annotations (image_id, category_id, bbox)',
      got: got === undefined ? undefined : JSON.stringify(got)?.slice(0, 100),
    });
}

function listsOf({ text, where }: CocoFile): Lists {
  const refuse = refuseIn(where);
  const parsed = parse(text, refuse);
  const list = (name: string) => {
    const found = parsed[name];
    if (!Array.isArray(found)) throw refuse(`There is no list "${name}"`);
    return found as Record<string, unknown>[];
  };
  return { annotations: list('annotations'), categories: list('categories'), images: list('images') };
}

/** Several files as one: each counts its images from the start, and all know the same categories. */
function merge(lists: readonly Lists[], files: readonly CocoFile[]): Lists {
  const categories = new Map<unknown, Record<string, unknown>>();
  const merged: Lists = { images: [], categories: [], annotations: [] };
  for (const [i, { where, folder }] of files.entries()) {
    const unique = (id: unknown) => `${i} ${JSON.stringify(id)}`;
    for (const each of lists[i].categories) {
      const known = categories.get(each.id) ?? each;
      if (known.name !== each.name) throw refuseIn(where)(`Category ${each.id} is called "${known.name}" in another part`, each);
      categories.set(each.id, known);
    }
    for (const image of lists[i].images)
      merged.images.push({
        ...image,
        id: unique(image.id),
        ...(folder !== undefined && typeof image.file_name === 'string' && { file_name: within(folder, image.file_name) }),
      });
    for (const each of lists[i].annotations) merged.annotations.push({ ...each, image_id: unique(each.image_id) });
  }
  return { ...merged, categories: [...categories.values()] };
}

function within(folder: string, path: string): string {
  return `${folder}/${path.replaceAll('\\', '/').replace(/^\.\//, '')}`;
}

function parse(text: string, refuse: (what: string) => FormatError): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object') return parsed as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw refuse('The labels are no JSON');
}

function isBox(value: unknown): value is [number, number, number, number] {
  return Array.isArray(value) && value.length === 4 && value.every((each) => typeof each === 'number' && Number.isFinite(each));
}

/** How an image was brought to another size: in its own proportions, with bars around it, or stretched. */
export type BoxFit = 'contain' | 'fill';

/** The objects of some images where these were brought to one size. @param stored that size. */
export function boxTargets(
  { classes, ids }: Coco,
  images: readonly CocoImage[],
  stored: { width: number; height: number },
  fit: BoxFit,
): BoxTargets {
  return { kind: 'boxes', classes, ids, values: images.map((image) => image.objects.map((object) => placed(object, image, stored, fit))) };
}

function placed(object: BoxTarget, { width, height }: CocoImage, stored: { width: number; height: number }, fit: BoxFit): BoxTarget {
  const factors = [stored.width / width, stored.height / height];
  const same = Math.min(...factors);
  const [across, down] = fit === 'fill' ? factors : [same, same];
  const [left, top] = fit === 'fill' ? [0, 0] : bars({ width, height }, stored);
  const [x, y, w, h] = object.box;
  return {
    ...object,
    box: [x * across + left, y * down + top, w * across, h * down],
    ...(object.area !== undefined && { area: object.area * across * down }),
  };
}

/** Width of the bar at the left, and height of the one above, of an image in its own proportions in the middle of another size. */
function bars({ width, height }: { width: number; height: number }, stored: { width: number; height: number }): [number, number] {
  const factor = Math.min(stored.width / width, stored.height / height);
  const bar = (whole: number, side: number) => Math.floor((whole - Math.round(side * factor)) / 2);
  return [bar(stored.width, width), bar(stored.height, height)];
}
