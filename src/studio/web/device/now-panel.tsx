import { formatBytes } from '../../../report/info/index.js';
import { Panel } from '../parts/states.js';
import type { Phase } from './agent.js';

/** What the device is at. */
export function NowPanel({ phase, onLeave, onRetry }: { phase: Phase; onLeave: () => void; onRetry: () => void }) {
  return (
    <Panel
      title="Now"
      tools={
        <button type="button" onClick={onLeave}>
          Stop measuring
        </button>
      }
    >
      <div class="now" data-phase={phase.kind}>
        <What phase={phase} onRetry={onRetry} />
      </div>
    </Panel>
  );
}

function What({ phase, onRetry }: { phase: Phase; onRetry: () => void }) {
  switch (phase.kind) {
    case 'joining':
      return <p>Joining the studio …</p>;
    case 'waiting':
      return (
        <>
          <p>
            <span class="dot" aria-hidden="true" /> Waiting for a model. Everything so far is measured.
          </p>
          <p class="quiet">Keep this page open and in sight: new models are measured as they come.</p>
        </>
      );
    case 'working': {
      const { job, doing, done, total } = phase;
      return (
        <>
          <p class="model">
            <strong>{job.label}</strong> <span class="quiet">{formatBytes(job.bytes)}</span>
          </p>
          <progress aria-label={doing} {...(total !== undefined && { value: done, max: total })} />
          <p class="quiet numbers">
            {doing}
            {total !== undefined && `: call ${done} of ${total}`}
          </p>
        </>
      );
    }
    case 'lost':
      return (
        <div class="notice warn-notice" role="status">
          <p>
            <strong>The connection to the studio is lost.</strong> It goes on by itself once the studio answers.{' '}
            <span class="quiet">{phase.why}</span>
          </p>
        </div>
      );
    case 'ended':
      return (
        <div class="notice bad-notice" role="alert">
          <p>{phase.why}</p>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      );
  }
}
