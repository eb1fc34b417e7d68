import { remember } from '../../automation/index.js';
import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { LanguageName, Written } from '../../infrastructure/targets/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueRegistry } from '../../technique/index.js';
import { batchSizeOf, evaluate, inputShapes, type Task } from '../../training/index.js';
import { recipeLabel } from '../recipes/labels.js';
import type { FootprintInfo, LatencyInfo, LayerInfo, ModelInfo, QualityInfo } from '../results/info.js';
import { parseMeasured } from '../results/recorded.js';
import { compiledCode, compiledInfo } from './compiled.js';
import { footprintInfo, layerInfos } from './footprint.js';
import type { HostServices, Timed } from './host.js';
import { journaled } from './journaled.js';
import { qualityInfo } from './quality.js';
import type { KeptStage } from './runner.js';
import { sampleFeeds } from './sample.js';
import type { Workspace } from './workspace.js';

/** What a run can know of a model while it selects: nothing here reads the test part. */
export interface Meter {
  /** On the validation part. */
  quality(model: Model, activity?: Activity): Promise<QualityInfo>;
  /** @param bytes of the model's file. */
  footprint(model: Model, bytes: number): Promise<FootprintInfo>;
  layers(model: Model): LayerInfo[];
  /** The code that the footprint counts, under a name. @throws UnsupportedError where the model cannot be compiled. */
  code(model: Model, target: LanguageName, name: string): Promise<Written>;
  /** On a real sample. @param beside a model that is measured in turns with it. */
  latency(model: Model, timed: Timed, beside?: Model): Promise<LatencyInfo>;
  /**
   * Quality and footprint of what a recipe made; measured once and journaled, so that a resumed run has the same figures.
   * @param latency where that counts as well.
   */
  measure(
    stage: KeptStage,
    options?: { signal?: AbortSignal; latency?: (model: Model, timed: Timed) => Promise<LatencyInfo> },
  ): Promise<ModelInfo>;
}

/** What a meter is made of. */
export interface MeterParts {
  /** Its inputs, as the data has them, are those of all models: models often leave dimensions open. */
  original: Model;
  task: Task;
  runtime: Runtime;
  threads: number;
  host: Pick<HostServices, 'latency'>;
  /** Where what was measured is kept. */
  storage: Workspace['storage'];
  /** Labels recipes. */
  registry: TechniqueRegistry;
  /** Noted with each model. */
  seed: number;
  /** What models are compiled to, where they are. */
  target?: LanguageName;
}

export async function meterOf({ original, task, runtime, threads, host, storage, registry, seed, target }: MeterParts): Promise<Meter> {
  const shapes = await inputShapes(task, batchSizeOf(original, task, 1));
  const quality: Meter['quality'] = async (model, activity) => qualityInfo(await evaluate(model, task, runtime, { ...activity, threads }));
  const footprint: Meter['footprint'] = async (model, bytes) => ({
    ...footprintInfo(model, bytes, shapes),
    ...(target && { compiled: await compiledInfo(model, target, { runtime, shapes }) }),
  });
  return {
    quality,
    footprint,
    layers: (model) => layerInfos(model, shapes),
    code: async (model, language, name) => compiledCode(model, language, name, { runtime, shapes }),
    latency: async (model, timed, beside) => host.latency(model, beside, await sampleFeeds(model, task), timed),
    measure: async ({ id, recipe, model, bytes, file, notes, effort }, { signal, latency } = {}) => {
      const work = async () => {
        const validation = await quality(model, { signal });
        const trained = effort.microjoules > 0 ? { trainingMicrojoules: effort.microjoules } : {};
        return journaled({
          validation,
          footprint: { ...(await footprint(model, bytes)), ...trained, latency: await latency?.(model, { id, signal }) },
        });
      };
      const measured = await remember(storage, `measure ${id}`, work, parseMeasured);
      return { id, label: recipeLabel(recipe, registry), file, recipe, seed, ...measured, notes, onFront: false, breaks: [] };
    },
  };
}
