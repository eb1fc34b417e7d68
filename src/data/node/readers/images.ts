import { isImage, openImages, rememberImages } from '../images.js';
import type { Reader } from './reader.js';

/** Images in class folders, in one folder, or with a table of metadata beside them. */
export const images: Reader = {
  form: 'images',
  reads: 'images (.jpg, .png, .webp, .gif, .tiff, .avif) in class folders, in one folder, or with metadata.csv or .jsonl beside them',
  recognizes: ({ files }) => files.filter(isImage),
  remember: ({ path, tree }, options, activity) => rememberImages(tree, path, options, activity),
  open: ({ path, tree }, _, options, activity) => openImages(tree, path, options, activity),
};
