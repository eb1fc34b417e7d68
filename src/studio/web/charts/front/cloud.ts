import type { FrontPicture } from '../../../view/index.js';
import { scaled } from '../axes.js';
import type { Plane } from './view.js';

/** Pixels of a dot's radius, that of dots which are very many, and how opaque they are. */
const [RADIUS, SMALL, OPACITY] = [2.4, 1.6, 0.8];
/** From so many dots on they are small. */
const MANY = 3000;

/**
 * The models that are not on the front, as dots. They are written into pixels: ten thousand circles on a canvas are 20 ms of work without a graphics card, these are
 * one or two.
 */
export class Cloud {
  readonly #xs: Float64Array;
  readonly #ys: Float64Array;
  /** Written anew for each view. */
  #image: ImageData | undefined;

  constructor({ points, x, y }: FrontPicture) {
    const others = points.filter(({ role }) => role === 'other');
    this.#xs = Float64Array.from(others, (point) => scaled(point.x, x.log));
    this.#ys = Float64Array.from(others, (point) => scaled(point.y, y.log));
  }

  /** @param color '#rrggbb'. */
  draw(canvas: HTMLCanvasElement, plane: Plane, color: string): void {
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(plane.size.width * ratio), Math.round(plane.size.height * ratio)];
    // Its pixels come from here: on a graphics card they would have to be sent there each time.
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context || width === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = context.createImageData(width, height);
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    this.#write(pixels, width, plane, ratio, pixelOf(color));
    context.putImageData(this.#image, 0, 0);
  }

  /** Dots of one colour: where they lie on each other, less shines through. */
  #write(pixels: Uint32Array, width: number, plane: Plane, ratio: number, color: number): void {
    const { left, top, right, bottom } = plane.edges;
    const [fromX, perX, fromY, perY] = plane.mapping;
    const { offsets, alphas } = dotOf((this.#xs.length < MANY ? RADIUS : SMALL) * ratio, width);
    const reach = RADIUS + 1;
    for (let index = 0; index < this.#xs.length; index++) {
      const x = fromX + perX * this.#xs[index];
      const y = fromY + perY * this.#ys[index];
      if (!(x > left + reach && x < right - reach && y > top + reach && y < bottom - reach)) continue;
      const at = Math.round(y * ratio) * width + Math.round(x * ratio);
      for (let part = 0; part < offsets.length; part++) {
        const below = pixels[at + offsets[part]] >>> 24;
        pixels[at + offsets[part]] = color | ((below + ((255 - below) * alphas[part]) / 255) << 24);
      }
    }
  }
}

/** The pixels of a dot, by their distance in memory from its centre, and how opaque each is: its edge is soft. */
function dotOf(radius: number, width: number): { offsets: Int32Array; alphas: Uint8Array } {
  const offsets: number[] = [];
  const alphas: number[] = [];
  const reach = Math.ceil(radius);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
      if (cover < 0.05) continue;
      offsets.push(y * width + x);
      alphas.push(Math.round(255 * OPACITY * cover));
    }
  }
  return { offsets: Int32Array.from(offsets), alphas: Uint8Array.from(alphas) };
}

/** '#rrggbb' as a pixel without opacity, its bytes in the order of an image's. */
function pixelOf(color: string): number {
  const value = Number.parseInt(color.slice(1), 16);
  return ((value >> 16) & 0xff) | (value & 0xff00) | ((value & 0xff) << 16);
}
