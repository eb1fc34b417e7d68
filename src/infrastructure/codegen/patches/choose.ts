import type { Model, Value } from '../../../onnx/index.js';
import type { Schedule } from '../kernels/index.js';
import { lowerGraph } from '../lowering/lower.js';
import type { Lowered } from '../lowering/program.js';
import { type MemoryPlan, planMemory } from '../memory/index.js';
import { bytesAfter, needsOf } from './estimate.js';
import { imageShape, windowsOf } from './regions.js';
import { patched } from './rewrite.js';
import { gridOver, type Stage, stageBefore } from './stage.js';

/** The first layers of a model, computed part by part so that it needs less memory at a time. */
export interface Patches {
  /** Parts along rows and columns. */
  readonly grid: readonly [number, number];
  /** The last value that is computed so, and how many layers with windows or weights are before it. */
  readonly until: string;
  readonly layers: number;
  /** Bytes of the arena and multiply-accumulates without and with them. */
  readonly arenaBytes: { readonly whole: number; readonly patched: number };
  readonly macs: { readonly whole: number; readonly patched: number };
}

/** A program and where its memory lies, and its patches, if there are any. */
export interface PlannedProgram {
  /** What is lowered. */
  readonly model: Model;
  readonly lowered: Lowered;
  readonly plan: MemoryPlan;
  readonly patches?: Patches;
}

export interface PatchOptions {
  /** Multiply-accumulates that may be computed again, as a part of all. Default: 0.25. */
  readonly most?: number;
}

const MOST = 0.25;
const GRIDS = [
  [2, 1],
  [3, 1],
  [4, 1],
  [2, 2],
  [6, 1],
  [3, 3],
  [8, 1],
  [4, 4],
] as const;
/** Choices that are lowered and planned: of those with the least memory, then of those with fewer parts. */
const TRIED = 5;

/** Of choices whose memory differs by less, the one with fewer parts is taken: each part is code. */
const ALIKE = 1.03;

/**
 * Lowers a model, its first layers part by part where that needs less memory (patch-based inference of MCUNet v2, arXiv 2110.15352): parts overlap where
 * windows do, so that some is computed again. Every element is computed as without parts.
 * @param model as `prepare` makes it.
 */
export function lowerInPatches(model: Model, schedule: Partial<Schedule> = {}, { most = MOST }: PatchOptions = {}): PlannedProgram {
  const whole = planned(model, schedule);
  const macs = macsOf(whole.lowered);
  let best: PlannedProgram = whole;
  const choices = choicesFor(model, whole.plan, macs * most);
  const attempt = ({ at, grid, stage }: Choice) => {
    const other = patched(model, at, grid);
    const made = other && planned(other, schedule);
    if (!made || made.plan.bytes >= whole.plan.bytes || macsOf(made.lowered) > macs * (1 + most)) return;
    const isBetter =
      made.plan.bytes * ALIKE < best.plan.bytes ||
      (made.plan.bytes < best.plan.bytes * ALIKE && partsOf(grid) < partsOf(best.patches?.grid));
    if (!isBetter) return;
    const patches = {
      grid,
      until: stage.result.name,
      layers: stage.nodes.filter((node) => windowsOf(node)).length,
      arenaBytes: { whole: whole.plan.bytes, patched: made.plan.bytes },
      macs: { whole: macs, patched: macsOf(made.lowered) },
    };
    best = { ...made, patches };
  };
  const first = choices.slice(0, TRIED);
  for (const choice of first) attempt(choice);
  const fewer = choices
    .slice(TRIED)
    .filter(({ grid, bytes }) => partsOf(grid) < partsOf(best.patches?.grid) && bytes < best.plan.bytes * ALIKE);
  for (const choice of fewer.sort((a, b) => partsOf(a.grid) - partsOf(b.grid)).slice(0, TRIED)) attempt(choice);
  return best;
}

const partsOf = ([rows, columns]: readonly [number, number] = [Number.POSITIVE_INFINITY, 1]) => rows * columns;

function planned(model: Model, schedule: Partial<Schedule>): PlannedProgram {
  const lowered = lowerGraph(model, schedule);
  return { model, lowered, plan: planMemory(lowered.kernels) };
}

const macsOf = ({ kernels }: Lowered) => kernels.reduce((sum, { macs }) => sum + macs, 0);

interface Choice {
  readonly at: number;
  readonly grid: readonly [number, number];
  readonly stage: Stage;
  /** About the most bytes that are needed while parts are computed. */
  readonly bytes: number;
}

/** Choices that may need fewer bytes than a plan, with at most so many multiply-accumulates on top: the most promising first. */
function choicesFor({ graph }: Model, plan: MemoryPlan, macs: number): Choice[] {
  const choices: Choice[] = [];
  graph.nodes.forEach(({ op, outputs: [result] }, at) => {
    const shape = imageShape(result);
    if (!shape || !result || op === 'DequantizeLinear' || graph.outputs.includes(result) || !isStored(result)) return;
    const stage = stageBefore(result, graph);
    if (!stage) return;
    const after = bytesAfter(stage, plan);
    for (const grid of GRIDS) {
      if (grid[0] > shape[2] || grid[1] > shape[3]) continue;
      const needs = needsOf(stage, gridOver(shape, grid).flat());
      const bytes = Math.max(after, needs?.bytes ?? 0);
      if (needs && bytes < plan.bytes && needs.macs <= macs) choices.push({ at, grid, stage, bytes });
    }
  });
  return choices.sort((a, b) => a.bytes - b.bytes || partsOf(a.grid) - partsOf(b.grid));
}

/** Whether a value is read by what begins a kernel, not only by what follows it element by element. */
function isStored({ users }: Value): boolean {
  return users.some((user) => user.op === 'DequantizeLinear' || windowsOf(user) !== undefined);
}
