import { loadModel } from '../../formats/node/index.js';
import {
  type Lowered,
  lowerGraph,
  lowerInPatches,
  type MemoryPlan,
  type Patches,
  type ProgramSummary,
  planMemory,
  prepare,
  type Schedule,
  summarize,
  type Tilings,
} from '../../infrastructure/codegen/index.js';
import { requireSound } from '../../infrastructure/compiler/index.js';
import type { Model } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { CommandContext } from '../context.js';
import { requireShapes } from '../input-shapes.js';
import { requireSizes } from '../input-sizes.js';

/** A model as a program, before it is written in a language. */
export interface LoweredFile {
  readonly model: Model;
  readonly lowered: Lowered;
  readonly plan: MemoryPlan;
  readonly summary: ProgramSummary;
  readonly patches?: Patches;
}

export interface LowerOptions {
  /** Of inputs, by name. */
  readonly shapes?: Record<string, number[]>;
  /** Where it differs from the usual one. */
  readonly schedule?: Partial<Schedule>;
  /** Whether the first layers are computed part by part where that needs less memory, and the part of all multiply-accumulates that may be computed again for it. */
  readonly patches?: boolean | number;
  /** Tilings of operators of the model that is prepared, in place of the schedule's. */
  readonly tilings?: (prepared: Model, model: Model) => Promise<Tilings>;
}

/**
 * Reads a model and lowers it to kernels.
 * @throws UnsupportedError naming what cannot be compiled, and where it stands.
 */
export async function lowerFile(
  { runtime }: CommandContext,
  path: string,
  { shapes = {}, schedule = {}, patches, tilings }: LowerOptions = {},
): Promise<LoweredFile> {
  const model = loadModel(path);
  inferShapes(model);
  requireSound(model);
  requireShapes(model, shapes);
  await requireSizes(model, runtime, { shapes, isKnown: (_, axis) => axis === 0 });
  const prepared = await prepare(model, { runtime, shapes });
  const program = patches ? lowerInPatches(prepared, schedule, patches === true ? {} : { most: patches }) : undefined;
  const graph = program?.model ?? prepared;
  const tiled = await tilings?.(graph, model);
  if (program && !tiled) return { ...program, model, summary: summarize(program) };
  const lowered = lowerGraph(graph, schedule, tiled);
  const planned = { model: graph, lowered, plan: planMemory(lowered.kernels), patches: program?.patches };
  return { ...planned, model, summary: summarize(planned) };
}
