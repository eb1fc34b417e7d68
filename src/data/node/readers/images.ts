import { annotationsOf, openAnnotated } from '../annotated.js';
import { isImage, openImages, rememberImages } from '../images.js';
import type { Reader } from './reader.js';

/** Images in class folders, in one folder, with a table of metadata or with COCO's boxes beside them. */
export const images: Reader = {
  form: 'images',
  reads:
    'class folders of images, or a plain folder of images with or without metadata.csv or .jsonl, or annotations.json as COCO has it (.jpg, .png, .webp, .gif, .tiff, .avif)',
  recognizes: ({ files }) => files.filter(isImage),
  remember: async ({ path, tree }, options, activity) =>
    options.annotations === undefined ? rememberImages(tree, path, options, activity) : undefined,
  open: async ({ path, tree, files }, _, options, activity) => {
    const annotations = await annotationsOf(files, path, options);
    return annotations ? openAnnotated(tree, annotations, path, options, activity) : openImages(tree, path, options, activity);
  },
};
