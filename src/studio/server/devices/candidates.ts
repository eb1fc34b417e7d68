import { attempted } from '../../../base/index.js';
import type { Runs } from '../runs/runs.js';
import type { Candidate } from './lab.js';

/** Runs whose models devices are given. */
const MOST_RUNS = 8;

/** The models that devices are to measure: the fronts of the latest runs, and what these began with, which others are compared with. */
export async function candidatesOf(runs: Runs): Promise<Candidate[]> {
  const latest = (await runs.list()).slice(0, MOST_RUNS);
  const all: Candidate[] = [];
  for (const { id } of latest) {
    const run = await attempted(
      () => runs.read(id),
      () => undefined,
    );
    const models = [...(run?.models.filter(({ onFront }) => onFront) ?? []), ...(run?.baseline ? [run.baseline] : [])];
    const folder = await runs.folderOf(id);
    for (const { id: model, label, file } of models) all.push({ run: id, folder, model, label, file });
  }
  return all;
}
