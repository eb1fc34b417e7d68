import { z } from 'zod';
import type { LanguageName } from '../../infrastructure/targets/index.js';
import { type Effort, NO_EFFORT, withEffortOf } from '../models/effort.js';
import type { HostServices } from '../models/host.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { ModelInfo, RunInfo } from '../results/info.js';
import { stagesIn } from '../results/recorded.js';
import { checked } from '../results/schema.js';
import { card } from './cards.js';
import { describeRun, type Finding } from './describe.js';

/** What a run is written with. */
export interface WriteNeeds extends Omit<Finding, 'machine' | 'seconds' | 'effort'> {
  host: Pick<HostServices, 'machine'>;
  meter: Pick<Meter, 'code'>;
  workspace: Pick<Workspace, 'name' | 'load' | 'storage' | 'write'>;
  /** Milliseconds that the run has taken. */
  elapsed: number;
}

/** The last stage: writes a card for every model, and the run as front.json. */
export async function writeRun({ host, meter, workspace, elapsed, ...finding }: WriteNeeds): Promise<RunInfo> {
  const seconds = await addTime(workspace.storage, elapsed / 1000);
  const info = describeRun({ ...finding, machine: host.machine(), seconds, effort: allEffort(workspace.storage) });
  const { target } = finding.settings;
  if (target) {
    for (const model of info.models) if (model.onFront) await writeCode(model, target, { meter, workspace });
  }
  for (const model of [info.baseline, ...info.models]) {
    model.card = `models/${model.id}.card.json`;
    await workspace.write(model.card, json(card(model, info, finding.task.metric)));
  }
  await workspace.write('front.json', json(info));
  return info;
}

/** Writes a model of the front as code beside its file, and notes the files. */
async function writeCode(
  model: ModelInfo,
  target: LanguageName,
  { meter, workspace }: Pick<WriteNeeds, 'meter' | 'workspace'>,
): Promise<void> {
  const { compiled } = model.footprint;
  if (!compiled || compiled.refused !== undefined) return;
  const { files } = await meter.code(await storedModel(model, workspace), target, model.id);
  const paths = files.map(({ name }) => `models/${name}`);
  for (const [index, { contents }] of files.entries()) await workspace.write(paths[index], contents);
  model.footprint = { ...model.footprint, compiled: { ...compiled, files: paths } };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What all trainings took of which the journal has a finished stage. */
function allEffort(storage: Workspace['storage']): Effort {
  return stagesIn(storage.records()).reduce((sum, { notes }) => withEffortOf(notes, sum), NO_EFFORT);
}

const spent = z.object({ seconds: z.number().min(0) });

/** Seconds of all runs in this workspace that came to their end. */
async function addTime(storage: Workspace['storage'], seconds: number): Promise<number> {
  const before = storage.records().filter(({ kind }) => kind === 'seconds');
  await storage.record('seconds', { seconds });
  return before.reduce(
    (sum, { data }) => sum + checked<z.infer<typeof spent>>(spent, data, 'what the journal has of the time').seconds,
    seconds,
  );
}
