import { loadModel } from '../../formats/node/index.js';
import {
  type Lowered,
  lowerGraph,
  type MemoryPlan,
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
}

/**
 * Reads a model and lowers it to kernels.
 * @param shapes of inputs, by name. @throws UnsupportedError naming what cannot be compiled, and where it stands.
 */
export async function lowerFile(
  { runtime }: CommandContext,
  path: string,
  { shapes = {}, schedule = {} }: { shapes?: Record<string, number[]>; schedule?: Partial<Schedule> } = {},
): Promise<LoweredFile> {
  const model = loadModel(path);
  inferShapes(model);
  requireSound(model);
  const lowered = lowerGraph(await prepare(model, { runtime, shapes }), schedule);
  const plan = planMemory(lowered.kernels);
  return { model, lowered, plan, summary: summarize(lowered, plan) };
}
