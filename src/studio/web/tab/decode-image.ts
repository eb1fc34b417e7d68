import { FormatError, MOST_PIXELS } from '../../../base/index.js';
import type { DecodeImage, ImageSize } from '../../tab/index.js';

/** Decodes an image as this browser does, and resizes it as its canvas does: nearly, not to the last bit, as `espalier` does in Node. */
export const decodeImage: DecodeImage = async (bytes, size) => {
  const image = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), { imageOrientation: 'from-image' }).catch(
    (cause: Error) => {
      throw new FormatError({ what: `The image cannot be decoded (${cause.message})` }, { cause });
    },
  );
  try {
    if (image.width * image.height > MOST_PIXELS)
      throw new FormatError({ what: 'The image is too large', got: `${image.width}×${image.height}` });
    const { width, height } = size ?? image;
    const canvas = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    canvas.imageSmoothingQuality = 'high';
    const [left, top, wide, high] = middleOf(image, { width, height });
    canvas.drawImage(image, left, top, wide, high, 0, 0, width, height);
    const { data } = canvas.getImageData(0, 0, width, height);
    return { width, height, data: Uint8Array.from({ length: 3 * width * height }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]) };
  } finally {
    image.close();
  }
};

/** The largest part around the middle that has the proportions of a size: left, top, width, height. */
function middleOf(image: ImageSize, { width, height }: ImageSize): [number, number, number, number] {
  const scale = Math.min(image.width / width, image.height / height);
  const [wide, high] = [width * scale, height * scale];
  return [(image.width - wide) / 2, (image.height - high) / 2, wide, high];
}
