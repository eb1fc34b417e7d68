import type { ComponentChildren } from 'preact';
import type { Job, Work } from './use-work.js';

/** What went wrong with one kind of work. */
export function FailureOf({ kind, work: { failure } }: { kind: Job['kind']; work: Work }) {
  if (failure?.kind !== kind) return null;
  return (
    <p class="notice bad-notice" role="alert">
      {failure.text}
    </p>
  );
}

/** How far one kind of work is, with a way to stop it; `children` say more of it. */
export function ProgressOf({ kind, work: { job, stop }, children }: { kind: Job['kind']; work: Work; children?: ComponentChildren }) {
  if (job?.kind !== kind) return null;
  const { task, step, isStopping } = job;
  const { done, total } = step ?? job;
  const text = isStopping ? 'Stopping …' : step ? `Epoch ${step.epoch}, step ${step.done} of ${step.total}` : taskText(task);
  return (
    <div class="under-way">
      <div class="bar">
        <progress {...(total !== undefined && { value: done, max: total })} aria-label={text} />
        <button type="button" onClick={stop} disabled={isStopping}>
          Stop
        </button>
      </div>
      <p class="quiet figures">{text}</p>
      {children}
    </div>
  );
}

const TASKS: Readonly<Record<string, string>> = {
  decode: 'Decoding images',
  statistics: 'Looking at the data',
  probe: 'Finding out how samples become inputs',
  calibrate: 'Finding the ranges of activations',
  evaluate: 'Measuring',
};

function taskText(task: string | undefined): string {
  const last = task?.split('/').at(-1) ?? '';
  return `${Object.hasOwn(TASKS, last) ? TASKS[last] : 'Working'} …`;
}
