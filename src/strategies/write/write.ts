import type { HostServices } from '../models/host.js';
import type { Workspace } from '../models/workspace.js';
import type { RunInfo } from '../results/info.js';
import { card } from './cards.js';
import { describeRun, type Finding } from './describe.js';

/** What a run is written with. */
export interface WriteNeeds extends Omit<Finding, 'machine' | 'seconds'> {
  host: Pick<HostServices, 'machine'>;
  workspace: Pick<Workspace, 'storage' | 'write'>;
  /** Milliseconds that the run has taken. */
  elapsed: number;
}

/** The last stage: writes a card for every model, and the run as front.json. */
export async function writeRun({ host, workspace, elapsed, ...finding }: WriteNeeds): Promise<RunInfo> {
  const info = describeRun({ ...finding, machine: host.machine(), seconds: await addTime(workspace.storage, elapsed / 1000) });
  for (const model of [info.baseline, ...info.models]) {
    model.card = `models/${model.id}.card.json`;
    await workspace.write(model.card, json(card(model, info, finding.task.metric)));
  }
  await workspace.write('front.json', json(info));
  return info;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Seconds of all runs in this workspace that came to their end. */
async function addTime(storage: Workspace['storage'], seconds: number): Promise<number> {
  const before = storage.records().filter(({ kind }) => kind === 'seconds');
  await storage.record('seconds', { seconds });
  return before.reduce((sum, { data }) => sum + (data as { seconds: number }).seconds, seconds);
}
