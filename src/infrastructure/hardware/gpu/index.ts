export { gpuCards } from './cards.js';
export { gpuModel } from './model.js';
export { type GpuProfile, gpuSchema } from './schema.js';
export { bestTiling, type Tile, type Tiling, tiles } from './tiles.js';
