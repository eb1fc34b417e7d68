import { remember } from '../../automation/index.js';
import { nested } from '../../base/index.js';
import { type ServingRates, withRates } from '../../infrastructure/hardware/index.js';
import { journaled } from '../models/journaled.js';
import { sampleFeeds } from '../models/sample.js';
import { storedModel } from '../models/workspace.js';
import type { ModelInfo } from '../results/info.js';
import type { TestNeeds } from './measure.js';

export interface ServingNeeds extends Pick<TestNeeds, 'task' | 'host' | 'workspace' | 'activity'> {
  /** Requests at a time; none: nothing is measured. Default: as many as the host can do at once, and fewer. */
  concurrent?: readonly number[];
  /** Of what serves. Not kept in the journal, so that another run in the folder may say otherwise. */
  rates: ServingRates;
}

/** Notes with each model how it serves requests side by side; measured once over all runs that share the journal. */
export async function addServing(models: readonly ModelInfo[], needs: ServingNeeds): Promise<void> {
  const { concurrent, rates, workspace, task, host } = needs;
  if (concurrent?.length === 0) return;
  const { onProgress } = nested(needs.activity, 'measure');
  const kind = concurrent ? concurrent.join() : 'up to all cores';
  for (const [done, model] of models.entries()) {
    onProgress?.({ task: 'serving', done, total: models.length, facts: { model: model.label } });
    const found = await remember(workspace.storage, `serve ${model.id}, ${kind}`, async () => {
      const stored = await storedModel(model, workspace);
      return journaled(await host.serving(model.file, stored, await sampleFeeds(stored, task), concurrent));
    });
    model.footprint = { ...model.footprint, serving: found.map((each) => withRates(each, rates)) };
  }
}
