import { remember } from '../../automation/index.js';
import { footprint as countFootprint } from '../../infrastructure/hardware/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { evaluate, type Quality } from '../../training/index.js';
import { recipeLabel } from '../recipes/labels.js';
import type { FootprintInfo, LatencyInfo, LayerInfo, ModelInfo, QualityInfo } from '../results/info.js';
import type { KeptStage, RecipeRequest } from './runner.js';

/** Shapes of a model's inputs, by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;
/** Inputs of one run; they are copied. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** What a model was made of. */
export interface Original {
  model: Model;
  feeds: Feeds;
  /** Outputs that a metric judges by the data's targets. */
  judged: readonly string[];
}

/** Measurements that only the host of the runtime can make. */
export interface HostServices {
  /** Latency on these inputs, and the ratio to the baseline measured in turns with it. */
  latency(model: Model, baseline: Model | undefined, feeds: Feeds): Promise<LatencyInfo>;
  /** Bytes that a download of the model's file transfers. */
  downloadBytes(file: string): Promise<number>;
  /**
   * Whether the file loads in each runtime at hand, follows the original there as far as nothing else judges it, and gives the same answers in all of them.
   * @param original what the model was made of, with the same inputs as it takes them, and the outputs that the task's metric judges. Default: the model
   *   is the original.
   */
  check(file: string, model: Model, feeds: Feeds, original?: Original): Promise<NonNullable<ModelInfo['checks']>>;
  machine(): { node: string; platform: string; processor: string; cores: number };
}

/** Quality on the validation part and footprint of a stage; measured once and journaled, so that a resumed run has the same figures. */
export async function measureCandidate(
  stage: KeptStage,
  request: RecipeRequest,
  shapes: Shapes,
  latency?: (model: Model) => Promise<LatencyInfo>,
): Promise<ModelInfo> {
  const measured = await remember(request.workspace.storage, `measure ${stage.id}`, async () => {
    const validation = qualityInfo(
      await evaluate(stage.model, request.task, request.runtime, { threads: request.threads, signal: request.activity?.signal }),
    );
    return JSON.parse(
      JSON.stringify({
        validation,
        footprint: { ...footprintInfo(stage.model, stage.bytes, shapes), latency: await latency?.(stage.model) },
      }),
    ) as Pick<ModelInfo, 'validation' | 'footprint'>;
  });
  return {
    id: stage.id,
    label: recipeLabel(stage.recipe, request.registry),
    file: stage.file,
    recipe: stage.recipe,
    seed: request.seed,
    ...measured,
    notes: stage.notes,
    onFront: false,
    breaks: [],
  };
}

export function footprintInfo(model: Model, bytes: number, shapes: Shapes): FootprintInfo {
  const counted = countFootprint(model, { bytes, inputShapes: shapes });
  return {
    bytes,
    parameters: counted.parameters,
    weightBytes: counted.weightBytes,
    macs: counted.gaps.length === 0 || counted.macs > 0 ? counted.macs : undefined,
    activationBytes: counted.memory.total,
    energyMicrojoules: counted.energy.total,
  };
}

/** The cost of each layer, for reports. */
export function layerInfos(model: Model, shapes: Shapes): LayerInfo[] {
  return countFootprint(model, { bytes: 0, inputShapes: shapes }).layers.map((layer) => ({
    name: layer.node,
    op: layer.op,
    output: layer.outputs[0]?.map((dim) => (typeof dim === 'number' ? dim : -1)) ?? [],
    parameters: layer.parameters,
    macs: layer.macs ?? 0,
    weightBytes: layer.weightBytes,
    activationBytes: layer.activationBytes,
  }));
}

/** A quality without its confusion matrix, which only the test part's keeps. */
export function qualityInfo({ confusion: _, ...quality }: Quality): QualityInfo {
  return quality;
}

/** Most classes for which a model carries its confusion matrix. */
const MOST_CONFUSED_CLASSES = 50;

/** The confusion matrix of a classification, unless it has too many classes to be looked at. */
export function confusionOf(quality: Quality): number[][] | undefined {
  return quality.confusion && quality.confusion.length <= MOST_CONFUSED_CLASSES ? quality.confusion : undefined;
}
