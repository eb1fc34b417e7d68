import { z } from 'zod';
import type { Preprocess } from '../../data/index.js';

const side = z.union([
  z.int().positive(),
  z.object({ height: z.int().positive(), width: z.int().positive() }),
  z.object({ shortest_edge: z.int().positive() }),
]);

/** What of Hugging Face's preprocessor_config.json says how images are prepared. */
const schema = z.object({
  do_resize: z.boolean().default(true),
  do_center_crop: z.boolean().default(false),
  do_rescale: z.boolean().default(true),
  do_normalize: z.boolean().default(true),
  do_flip_channel_order: z.boolean().default(false),
  size: side.optional(),
  crop_size: side.optional(),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  image_mean: z.array(z.number()).min(1).default([0]),
  image_std: z.array(z.number().positive()).min(1).default([1]),
});

/**
 * The preprocessing that a preprocessor_config.json describes; undefined where it is none for images. A crop out of the middle is left to how images are
 * brought to one size, which keeps the middle too.
 */
export function preprocessOfConfig(config: unknown): Preprocess | undefined {
  const parsed = schema.safeParse(config);
  if (!parsed.success || typeof config !== 'object' || config === null || !('image_mean' in config || 'size' in config)) return undefined;
  const { data } = parsed;
  const wanted = data.do_center_crop ? (data.crop_size ?? data.size) : data.do_resize ? data.size : undefined;
  const size = wanted && sides(wanted);
  const normal = data.do_normalize ? { mean: data.image_mean, std: data.image_std } : { mean: [0], std: [1] };
  const flipped = data.do_flip_channel_order ? { mean: normal.mean.toReversed(), std: normal.std.toReversed() } : normal;
  return {
    name: 'preprocessor_config.json',
    layout: 'NCHW',
    channels: data.do_flip_channel_order ? 'BGR' : 'RGB',
    scale: data.do_rescale ? data.rescale_factor : 1,
    ...flipped,
    ...(size && { resize: { ...size, mode: 'bilinear' } }),
    dtype: 'float32',
  };
}

function sides(size: z.infer<typeof side>): { width: number; height: number } {
  if (typeof size === 'number') return { width: size, height: size };
  if ('shortest_edge' in size) return { width: size.shortest_edge, height: size.shortest_edge };
  return { width: size.width, height: size.height };
}
