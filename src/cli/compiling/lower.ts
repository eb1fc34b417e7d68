import { loadModel } from '../../formats/node/index.js';
import {
  type Lowered,
  lowerGraph,
  lowerInPatches,
  type MemoryPlan,
  type Patches,
  type PlannedProgram,
  type ProgramSummary,
  planMemory,
  prepare,
  type Schedule,
  summarize,
} from '../../infrastructure/codegen/index.js';
import { requireSound } from '../../infrastructure/compiler/index.js';
import type { Model } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { CommandContext } from '../context.js';

/** A model as a program, before it is written in a language. */
export interface LoweredFile {
  readonly model: Model;
  readonly lowered: Lowered;
  readonly plan: MemoryPlan;
  readonly summary: ProgramSummary;
  readonly patches?: Patches;
}

/**
 * Reads a model and lowers it to kernels.
 * @param options shapes: of inputs, by name. patches: whether the first layers are computed part by part where that needs less memory, and the part of
 * all multiply-accumulates that may be computed again for it. @throws UnsupportedError naming what cannot be compiled, and where it stands.
 */
export async function lowerFile(
  { runtime }: CommandContext,
  path: string,
  {
    shapes = {},
    schedule = {},
    patches,
  }: { shapes?: Record<string, number[]>; schedule?: Partial<Schedule>; patches?: boolean | number } = {},
): Promise<LoweredFile> {
  const model = loadModel(path);
  inferShapes(model);
  requireSound(model);
  const prepared = await prepare(model, { runtime, shapes });
  const program = patches
    ? lowerInPatches(prepared, schedule, patches === true ? {} : { most: patches })
    : wholeProgram(prepared, schedule);
  return { model, ...program, summary: summarize(program) };
}

function wholeProgram(model: Model, schedule: Partial<Schedule>): PlannedProgram {
  const lowered = lowerGraph(model, schedule);
  return { lowered, plan: planMemory(lowered.kernels) };
}
