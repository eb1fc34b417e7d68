export {
  addKernel,
  isUsable,
  type KernelRule,
  kernelOf,
  type LoopOrder,
  type Schedule,
  type TiledKind,
  type TileSize,
  type Tiling,
  type TilingSpace,
  tiling,
  tilingParts,
  tilingSpaces,
  tilingsAlong,
  tilingsOf,
  usualSchedule,
} from './kernels/index.js';
export * from './loops/index.js';
export { lowerGraph } from './lowering/lower.js';
export { type CompileOptions, prepare } from './lowering/prepare.js';
export type { Lowered, LoweredGraph, Port, TiledNode, Tilings } from './lowering/program.js';
export { type MemoryPlan, planMemory } from './memory/index.js';
export { lowerInPatches, type Patches, type PatchOptions, type PlannedProgram } from './patches/index.js';
export { type KernelSummary, type MemorySummary, type PortSummary, type ProgramSummary, summarize } from './summary.js';
