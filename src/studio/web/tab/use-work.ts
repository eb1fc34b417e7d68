import { useEffect, useState } from 'preact/hooks';
import type { CurvePoint, Made, ModelView, TuneProgress } from '../../tab/index.js';
import { type Client, WorkFailure } from './client.js';
import type { Calls, ChosenFile, DataView } from './protocol.js';

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
  readonly data?: DataView;
  readonly job?: Job;
  /** What went wrong, and with what. */
  readonly failure?: { readonly kind: Job['kind'] | 'warm'; readonly text: string };
  /** Epochs of the training under way, or of the last one. */
  readonly curve: readonly CurvePoint[];
  /** The latest first. */
  readonly made: readonly Made[];
  /** What happened last, for those who do not see it. */
  readonly said: string;
}

export interface Work extends WorkState {
  open(file: File): void;
  chooseData(files: ChosenFile[]): void;
  quantize(ask: Calls['quantize']['ask']): void;
  tune(ask: Calls['tune']['ask']): void;
  stop(): void;
}

/** The page's state, and what changes it. One thing is done at a time. */
export function useWork(client: Client): Work {
  const [state, setState] = useState<WorkState>({ curve: [], made: [], said: '' });
  const change = (made: (now: WorkState) => Partial<WorkState>) => setState((now) => ({ ...now, ...made(now) }));

  const run = <T>(kind: Job['kind'], work: () => Promise<T>, then: (value: T, now: WorkState) => Partial<WorkState>) => {
    change(() => ({ job: { kind }, failure: undefined }));
    work().then(
      (value) => change((now) => ({ job: undefined, ...then(value, now) })),
      (error: unknown) => change(() => ({ job: undefined, ...failed(kind, error) })),
    );
  };

  useEffect(() => {
    client.onEvent = (event) =>
      change(({ job, curve }) => {
        if (event.event === 'epoch') return { curve: [...curve, event.point], said: `Epoch ${event.point.epoch} is done.` };
        if (!job) return {};
        return { job: event.event === 'step' ? { ...job, step: event.step } : { ...job, task: event.task, done: event.done, total: event.total } };
      });
    client.ask('warm', {}).then(
      ({ threads }) => change(() => ({ threads })),
      (error: unknown) => change(() => failed('warm', error)),
    );
  }, [client]);

  const made = (value: Made, { made: all }: WorkState): Partial<WorkState> => ({ made: [value, ...all], said: `${value.name} is made.` });
  return {
    ...state,
    open: (file) =>
      run(
        'open',
        () => client.ask('open', { file }),
        (model) => ({ model, data: undefined, made: [], curve: [], said: `${model.name} is open.` }),
      ),
    chooseData: (files) =>
      run(
        'data',
        () => client.ask('data', { files }),
        (data) => ({ data, said: `${data.name}: ${data.samples} samples.` }),
      ),
    quantize: (ask) => run('quantize', () => client.ask('quantize', ask), made),
    tune: (ask) => {
      change(() => ({ curve: [] }));
      run('tune', () => client.ask('tune', ask), made);
    },
    stop: () => {
      client.stop();
      change(({ job }) => (job ? { job: { ...job, isStopping: true } } : {}));
    },
  };
}

function failed(kind: Job['kind'] | 'warm', error: unknown): Partial<WorkState> {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof WorkFailure && error.isStop) return { said: 'Stopped.' };
  return { failure: { kind, text }, said: '' };
}
