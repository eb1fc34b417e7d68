import type { Message } from '../../../base/index.js';
import type { CurvePoint, Made, ModelView, QuantizeMode, TuneProgress } from '../../tab/index.js';
import type { UploadFile } from '../api/upload.js';
import type { Layout, LayoutRequest } from '../views/graph/layout.js';

/** What data was found to be, for people. */
export interface FoundData {
  name: string;
  /** E.g. "class folders of images". */
  format: string;
  samples: number;
  /** Shapes of a sample's inputs, e.g. "image 8×8×1". */
  inputs: string[];
  /** What is to be answered: "classes", "labels" or "columns", and their names; absent where there are no targets. */
  targets?: { noun: string; names: string[] };
  messages: Message[];
}

/** What the page asks of its worker, with the type of the answer. */
export interface Calls {
  /** Loads ONNX Runtime, after which nothing is fetched any more. */
  warm: { ask: Record<never, never>; answer: { threads: number } };
  open: { ask: { file: File }; answer: ModelView };
  layout: { ask: LayoutRequest; answer: Layout };
  data: { ask: { files: readonly UploadFile[] }; answer: FoundData };
  quantize: { ask: { mode: QuantizeMode; withData: boolean }; answer: Made };
  tune: { ask: { epochs: number; learningRate: number; batchSize: number }; answer: Made };
}

export type CallName = keyof Calls;

export type Request =
  | { [K in CallName]: { readonly id: number; readonly call: K; readonly ask: Calls[K]['ask'] } }[CallName]
  | { readonly stop: true };

export interface Failure {
  /** One paragraph for people. */
  text: string;
  isStop: boolean;
}

export type Reply = { readonly id: number } & ({ readonly value: Calls[CallName]['answer'] } | { readonly failure: Failure });

/** What the worker tells while it works. */
export type Event =
  | { readonly event: 'progress'; readonly task: string; readonly done: number; readonly total?: number }
  | { readonly event: 'step'; readonly step: TuneProgress }
  | { readonly event: 'epoch'; readonly point: CurvePoint };
