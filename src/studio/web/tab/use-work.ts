import { useEffect, useState } from 'preact/hooks';
import type { CurvePoint, Made, ModelView, TuneProgress } from '../../tab/index.js';
import type { UploadFile } from '../api/upload.js';
import { announce } from '../app/announce.js';
import { type Client, WorkFailure } from './client.js';
import type { Calls, FoundData } from './protocol.js';

/** What is being done. */
export interface Job {
  readonly kind: 'open' | 'data' | 'quantize' | 'tune';
  /** What of it is under way, in the worker's words. */
  readonly task?: string;
  readonly done?: number;
  readonly total?: number;
  readonly step?: TuneProgress;
  readonly isStopping?: boolean;
}

export interface WorkState {
  /** Once it is there nothing is fetched any more. */
  readonly threads?: number;
  readonly model?: ModelView;
  readonly data?: FoundData;
  readonly job?: Job;
  /** What went wrong, and with what. */
  readonly failure?: { readonly kind: Job['kind'] | 'warm'; readonly text: string };
  /** Epochs of the training under way, or of the last one. */
  readonly curve: readonly CurvePoint[];
  /** The latest first. */
  readonly made: readonly Made[];
}

export interface Work extends WorkState {
  open(file: File): void;
  chooseData(files: readonly UploadFile[]): void;
  quantize(ask: Calls['quantize']['ask']): void;
  tune(ask: Calls['tune']['ask']): void;
  stop(): void;
}

/** The page's state, and what changes it. One thing is done at a time. */
export function useWork(client: Client): Work {
  const [state, setState] = useState<WorkState>({ curve: [], made: [] });
  const change = (made: (now: WorkState) => Partial<WorkState>) => setState((now) => ({ ...now, ...made(now) }));

  const run = <T>(
    kind: Job['kind'],
    work: () => Promise<T>,
    then: (value: T, now: WorkState) => Partial<WorkState>,
    words: (value: T) => string,
  ) => {
    change(() => ({ job: { kind }, failure: undefined }));
    work().then(
      (value) => {
        change((now) => ({ job: undefined, ...then(value, now) }));
        announce(words(value));
      },
      (error: unknown) => change(() => ({ job: undefined, ...failed(kind, error) })),
    );
  };

  useEffect(() => {
    client.onEvent = (event) =>
      change(({ job, curve }) => {
        if (event.event === 'epoch') return { curve: [...curve, event.point] };
        if (!job) return {};
        return {
          job: event.event === 'step' ? { ...job, step: event.step } : { ...job, task: event.task, done: event.done, total: event.total },
        };
      });
    client.ask('warm', {}).then(
      ({ threads }) => change(() => ({ threads })),
      (error: unknown) => change(() => failed('warm', error)),
    );
  }, [client]);

  const made = (value: Made, { made: all }: WorkState): Partial<WorkState> => ({ made: [value, ...all] });
  const isMade = ({ name }: Made) => `${name} is made.`;
  return {
    ...state,
    open: (file) =>
      run(
        'open',
        () => client.ask('open', { file }),
        (model) => ({ model, data: undefined, made: [], curve: [] }),
        ({ name }) => `${name} is open.`,
      ),
    chooseData: (files) =>
      run(
        'data',
        () => client.ask('data', { files }),
        (data) => ({ data }),
        ({ name, samples }) => `${name}: ${samples} samples.`,
      ),
    quantize: (ask) => run('quantize', () => client.ask('quantize', ask), made, isMade),
    tune: (ask) => {
      change(() => ({ curve: [] }));
      run('tune', () => client.ask('tune', ask), made, isMade);
    },
    stop: () => {
      client.stop();
      change(({ job }) => (job ? { job: { ...job, isStopping: true } } : {}));
    },
  };
}

function failed(kind: Job['kind'] | 'warm', error: unknown): Partial<WorkState> {
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof WorkFailure && error.isStop)) return { failure: { kind, text } };
  announce('Stopped.');
  return {};
}
