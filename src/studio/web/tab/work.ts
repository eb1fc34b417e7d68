import { type Activity, type Message, OptionError } from '../../../base/index.js';
import type { DataSource } from '../../../data/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { smallestModel } from '../../device/index.js';
import { type Made, type OpenedModel, openData, openModel, quantizeModel, tuneModel, viewModel } from '../../tab/index.js';
import type { UploadFile } from '../api/upload.js';
import type { Layout, LayoutRequest } from '../views/graph/layout.js';
import { placeNodes } from '../views/graph/place-nodes.js';
import { decodeImage } from './decode-image.js';
import type { Calls, Event, FoundData } from './protocol.js';

/** Draws the parts of the data, and the order of samples. */
const SEED = 0;
/** Bytes of a file that a tab reads: an array buffer holds no more everywhere. */
const LONGEST = 2 ** 31 - 1;

/** What the worker does for its page: it holds the model and the data that were chosen last. */
export class Work {
  readonly #runtime: Runtime;
  readonly #threads: number;
  readonly #tell: (event: Event) => void;
  #opened: OpenedModel | undefined;
  #source: DataSource | undefined;

  constructor(runtime: Runtime, threads: number, tell: (event: Event) => void) {
    this.#runtime = runtime;
    this.#threads = threads;
    this.#tell = tell;
  }

  async warm(): Promise<Calls['warm']['answer']> {
    await (await this.#runtime.compile(smallestModel())).dispose();
    return { threads: this.#threads };
  }

  async open({ file }: Calls['open']['ask']): Promise<Calls['open']['answer']> {
    const opened = openModel(await bytesOf(file, file.name), file.name);
    const view = viewModel(opened);
    this.#opened = opened;
    this.#source = undefined;
    return view;
  }

  async layout(request: LayoutRequest): Promise<Layout> {
    return placeNodes(request);
  }

  async data({ files }: Calls['data']['ask'], signal: AbortSignal): Promise<FoundData> {
    const messages: Message[] = [];
    const activity = { ...this.#activity(signal), onMessage: (message: Message) => messages.push(message), decode: decodeImage };
    this.#source = await openData(files.map(tabFile), this.#model().model, activity);
    return { ...viewOf(this.#source), messages };
  }

  quantize({ mode, withData }: Calls['quantize']['ask'], signal: AbortSignal): Promise<Made> {
    const source = withData ? this.#data() : undefined;
    return quantizeModel({ ...this.#activity(signal), opened: this.#model(), mode, source, runtime: this.#runtime, seed: SEED });
  }

  tune(ask: Calls['tune']['ask'], signal: AbortSignal): Promise<Made> {
    const told = {
      onStep: (step: Extract<Event, { event: 'step' }>['step']) => this.#tell({ event: 'step', step }),
      onEpoch: (point: Extract<Event, { event: 'epoch' }>['point']) => this.#tell({ event: 'epoch', point }),
    };
    const given = { opened: this.#model(), source: this.#data(), runtime: this.#runtime, seed: SEED };
    return tuneModel({ ...this.#activity(signal), ...given, ...ask, ...told });
  }

  #activity(signal: AbortSignal): Activity {
    return {
      signal,
      onProgress: ({ task, done, total }) => this.#tell({ event: 'progress', task, done, ...(total !== undefined && { total }) }),
    };
  }

  #model(): OpenedModel {
    if (this.#opened) return this.#opened;
    throw new OptionError({ what: 'No model is open', fix: 'Choose one first.' });
  }

  #data(): DataSource {
    if (this.#source) return this.#source;
    throw new OptionError({ what: 'There is no data', fix: 'Choose some first.' });
  }
}

function tabFile({ path, file }: UploadFile) {
  return { path, read: () => bytesOf(file, path) };
}

async function bytesOf(file: File, where: string): Promise<Uint8Array> {
  if (file.size > LONGEST)
    throw new OptionError({ what: 'The file is too large for a tab', where, expected: `at most ${LONGEST} bytes`, got: String(file.size) });
  return new Uint8Array(await file.arrayBuffer());
}

function viewOf({ name, format, train, validation, test }: DataSource): Omit<FoundData, 'messages'> {
  const samples = [train, validation, test].reduce((sum, part) => sum + (part?.size ?? 0), 0);
  const inputs = train.inputs.map(({ name: input, shape }) => `${input} ${shape.join('×')}`);
  const { targets } = train;
  const named =
    targets &&
    ('classes' in targets
      ? { noun: targets.kind === 'labels' ? 'labels' : 'classes', names: [...targets.classes] }
      : { noun: 'columns to predict', names: [...targets.columns] });
  return { name, format, samples, inputs, ...(named && { targets: named }) };
}
