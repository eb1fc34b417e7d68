import { type Activity, attempted } from '../../../base/index.js';
import { makeFeeds } from '../../../infrastructure/hardware/index.js';
import { compareLatency, withinSeconds } from '../../../infrastructure/hardware/node/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { type Attribute, type Model, type Node, nodesOf } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import { planQuantization } from '../plan.js';
import { prepareModel } from '../prepare.js';
import { layerModel, quantizedLayer, type TimedMode } from './layer-models.js';
import { type LayerTime, TimeTable } from './time-table.js';

export type { TimedMode } from './layer-models.js';

export interface FasterRequest extends Activity {
  model: Model;
  runtime: Runtime;
  mode: TimedMode;
  /** Shapes of the inputs with which the model is used, by name. */
  inputShapes: Readonly<Record<string, readonly number[]>>;
  /** Default 1. */
  threads?: number;
  /** Folder of the table of times. Default: the cache folder. */
  folder?: string;
}

export interface LayerChoice {
  /** Layers that are not faster in integers, by name: what is to be excluded. */
  readonly slower: readonly string[];
  /** Layers that are faster in integers, by name. */
  readonly faster: readonly string[];
  /** Layers that could not be timed, by name: a shape is not known before it runs. */
  readonly unknown: readonly string[];
  /** Shapes that were timed now; the others were in the table. */
  readonly measured: number;
  /** Where the table is. */
  readonly table: string;
}

/** Seconds for each shape: at least, both sides together, and at most. */
const SECONDS = 0.15;
const MOST_SECONDS = 1;

/**
 * Which layers of a model are no faster quantized than in float on this machine, each measured by itself once for its shape, beside its float form, in turns.
 * What was measured is kept in a table, by machine and version of the runtime.
 * @throws UnsupportedError where the model cannot be quantized; Stopped when aborted.
 */
export async function slowerLayers(request: FasterRequest): Promise<LayerChoice> {
  const { times, unknown, measured, table } = await layerTimes(request);
  const names = (isFaster: boolean) => [...times].flatMap(([name, { ratio }]) => (ratio < 1 === isFaster ? [name] : []));
  return { slower: names(false), faster: names(true), unknown, measured, table };
}

export interface LayerTimes extends Pick<LayerChoice, 'unknown' | 'measured' | 'table'> {
  /** By name, in the order of the graph. */
  readonly times: ReadonlyMap<string, LayerTime>;
}

/** What each layer that can be quantized takes in both types; see `slowerLayers`. */
export async function layerTimes(request: FasterRequest): Promise<LayerTimes> {
  const { model, runtime, mode, inputShapes, threads = 1, folder, signal, onProgress } = request;
  const prepared = await prepareModel(model, runtime, mode === 'static' ? {} : { normalizationToConvolution: false });
  inferShapes(prepared, { inputShapes });
  const plan = planQuantization(prepared.graph);
  const names = new Set([...plan.layers.filter(({ weight }) => weight), ...plan.stored].map(({ node }) => node));
  const layers = nodesOf(prepared.graph).filter(({ name }) => names.has(name));
  const table = await TimeTable.open(folder);
  const times = new Map<string, LayerTime>();
  const unknown: string[] = [];
  let measured = 0;
  for (const [done, node] of layers.entries()) {
    const key = keyOf(node, mode, threads);
    let time = table.get(key);
    if (!time) {
      time = await timed(node, prepared, { mode, runtime, threads, signal });
      if (time) {
        table.set(key, time);
        measured++;
      }
    }
    if (time) times.set(node.name, time);
    else unknown.push(node.name);
    onProgress?.({ task: 'time layers', done: done + 1, total: layers.length });
  }
  if (measured > 0) await table.save();
  return { times, unknown, measured, table: table.path };
}

/** Undefined where the layer cannot be timed by itself. */
async function timed(
  node: Node,
  { opsets }: Model,
  { mode, runtime, threads, signal }: { mode: TimedMode; runtime: Runtime; threads: number; signal?: AbortSignal },
): Promise<LayerTime | undefined> {
  const float = layerModel(node, opsets);
  if (!float) return undefined;
  return attempted(
    async (): Promise<LayerTime> => {
      const quantized = await quantizedLayer(float, mode, runtime);
      const [{ p50 }, { ratio, interval }] = await compareLatency(runtime, [float, quantized], {
        feedsOfEach: [makeFeeds(float), makeFeeds(quantized)],
        threads,
        signal,
        ...withinSeconds(SECONDS, MOST_SECONDS),
      });
      return { float: round(p50), ratio: round(ratio), interval: [round(interval.low), round(interval.high)] };
    },
    () => undefined,
  );
}

function round(ratio: number): number {
  return Number(ratio.toPrecision(4));
}

/** What the time of a layer depends on, as text. */
function keyOf(node: Node, mode: TimedMode, threads: number): string {
  const shapes = node.inputs.map((input) => `${input?.constant ? 'weight' : ''}[${input?.constant?.shape ?? input?.shape?.join() ?? ''}]`);
  const attributes = [...node.attributes].map(([name, attribute]) => `${name}=${textOf(attribute)}`).sort();
  return [mode, `${threads} thread(s)`, node.op, ...shapes, ...attributes].join(' ');
}

function textOf({ value }: Attribute): string {
  return Array.isArray(value) ? value.map(String).join() : String(value);
}
