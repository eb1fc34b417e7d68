import sharp from 'sharp';

/** A JPEG of four quarters: red and green above blue and white. @param width and height multiples of 16, so that no block holds two colours. */
export async function quarters(width: number, height: number): Promise<Uint8Array> {
  const colours = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ];
  const colour = (i: number) => colours[2 * Number(Math.floor(i / width) >= height / 2) + Number(i % width >= width / 2)];
  const data = Buffer.from(Array.from({ length: width * height }, (_, i) => colour(i)).flat());
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** The JPEG with an APP1 segment after its first marker: EXIF with one entry, the orientation (tag 274, a short), in big-endian TIFF. */
export function oriented(jpeg: Uint8Array, orientation: number): Uint8Array {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const content = [...Buffer.from('Exif\0\0', 'latin1'), ...tiff];
  const length = content.length + 2;
  return Uint8Array.from([...jpeg.subarray(0, 2), 0xff, 0xe1, length >> 8, length & 255, ...content, ...jpeg.subarray(2)]);
}
