import { type Activity, nested } from '../../base/index.js';
import { quantize } from '../../compression/quantization/index.js';
import type { DataSource } from '../../data/index.js';
import { fidelityOnMadeUpInputs } from '../../diagnosis/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { encodeModel, type Model } from '../../onnx/index.js';
import { type LayerPair, layerBars, pairLayers } from '../../report/info/index.js';
import { layersSvg } from '../../report/render/index.js';
import { applyTechnique } from '../../technique/index.js';
import { answersOf, judge, type Task } from '../../training/index.js';
import type { OpenedModel } from './open-model.js';
import { type Made, nameOfMade, type QualityRow, qualityRows } from './results.js';
import { madeUpSource, setUp } from './set-up.js';

/** How: activations by ranges that are found on data beforehand, or as they come; weights alone; or all weights as float16. */
export type QuantizeMode = 'static' | 'dynamic' | 'weights' | 'half';

export interface QuantizeRequest extends Activity {
  readonly opened: OpenedModel;
  readonly mode: QuantizeMode;
  /** What ranges are found on and answers compared on. Default: numbers that are made up. */
  readonly source?: DataSource;
  readonly runtime: Runtime;
  /** Draws the parts of the data. */
  readonly seed: number;
}

const SUFFIXES: Readonly<Record<QuantizeMode, string>> = { static: 'int8', dynamic: 'int8-dynamic', weights: 'int8-weights', half: 'fp16' };
/** Layers that are drawn. */
const MOST_LAYERS = 16;

/** Quantizes a model, and compares what both answer. @throws UnsupportedError where there is nothing to quantize; Stopped. */
export async function quantizeModel(request: QuantizeRequest): Promise<Made> {
  const { opened, mode, runtime, seed, signal } = request;
  const { model } = opened;
  const source = request.source ?? (mode === 'static' ? await madeUpSource(model, runtime, { signal }) : undefined);
  const given = source && (await setUp({ ...activityOf(request), model, source, runtime, seed }));
  const context = { ...activityOf(request), model, task: given?.task, runtime, seed, threads: undefined };
  const made = await applyTechnique(quantize, context, { mode, sensitivity: false });
  const file = encodeModel(made.model);
  const compared = await compare(request, made.model, request.source && given?.task);
  return {
    name: nameOfMade(opened.name, SUFFIXES[mode]),
    file: file as Uint8Array<ArrayBuffer>,
    before: opened.bytes,
    after: file.length,
    ...compared,
    remarks: [...(given?.remarks ?? []), ...(made.notes.remarks ?? []), ...compared.remarks],
    ...pictureOf(model, made.model),
  };
}

function activityOf({ signal, onProgress, onMessage }: Activity): Activity {
  return { signal, onProgress, onMessage };
}

interface Compared {
  rows: QualityRow[];
  measuredOn: string;
  remarks: string[];
}

/** On the test part of the data, or on made-up inputs where there is none. */
async function compare(request: QuantizeRequest, after: Model, task: Task | undefined): Promise<Compared> {
  const { opened, runtime, signal } = request;
  if (!task) {
    const quality = await fidelityOnMadeUpInputs({ before: opened.model, after, runtime, signal });
    if (typeof quality === 'string') return { rows: [], measuredOn: '', remarks: [quality] };
    return { rows: qualityRows(undefined, quality), measuredOn: `${quality.samples} made-up inputs`, remarks: [] };
  }
  const options = { split: 'test', signal } as const;
  const original = await answersOf(opened.model, task, runtime, { ...options, ...nested(request, 'before') });
  const answers = await answersOf(after, task, runtime, { ...options, ...nested(request, 'after') });
  // A model agrees with itself: where the original is the truth, only the new one's value says something.
  const before = task.reference ? undefined : judge(task, original);
  return {
    rows: qualityRows(before, judge(task, answers, original)),
    measuredOn: `${answers.size} samples of the test part`,
    remarks: [],
  };
}

/** Bytes of weights by layer; nothing where no layer kept its name. */
function pictureOf(before: Model, after: Model): Pick<Made, 'picture'> {
  const [first, second] = [before, after].map((model) =>
    footprint(model).layers.map(({ node, op, outputs, parameters, macs = 0, weightBytes, activationBytes }) => {
      const output = (outputs[0] ?? []).map(Number);
      return { name: node, op, output, parameters, macs, weightBytes, activationBytes };
    }),
  );
  const bars = layerBars(pairLayers(first, second).filter(isKept), 'weightBytes', MOST_LAYERS);
  return bars.pairs.length > 0 ? { picture: layersSvg(bars, 'weightBytes') } : {};
}

function isKept({ before, after }: LayerPair): boolean {
  return before !== undefined && after !== undefined;
}
