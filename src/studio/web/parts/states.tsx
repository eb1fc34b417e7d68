import type { ComponentChildren } from 'preact';
import type { RunState } from '../../../strategies/index.js';
import { stateInWords, stateName } from '../../view/index.js';
import type { ApiFailure } from '../api/client.js';

/** What went wrong, what to do about it, and another attempt. */
export function Failure({ failure, onRetry }: { failure: ApiFailure; onRetry?: () => void }) {
  return (
    <div class="notice bad-notice" role="alert">
      <p>
        <strong>{failure.message}</strong> {failure.fix}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="quiet loading" role="status">
      Loading {what} …
    </p>
  );
}

/** Said while what is shown may be old: the page goes on trying by itself. */
export function Disconnected({ children }: { children?: ComponentChildren }) {
  return (
    <div class="notice warn-notice" role="status">
      <p>
        <strong>The connection to the studio is lost.</strong> {children ?? 'What you see may be old; the page tries again by itself.'}
      </p>
    </div>
  );
}

export function StateBadge({ state }: { state: RunState }) {
  return (
    <span class={`state state-${state}`} title={stateInWords(state)}>
      {stateName(state)}
    </span>
  );
}

/** How much of something is done. */
export function Meter({ done, total, label }: { done: number; total: number; label: string }) {
  return <progress max={Math.max(1, total)} value={Math.min(done, Math.max(1, total))} aria-label={label} />;
}

export function Panel({
  title,
  children,
  tools,
  wide,
}: {
  title: string;
  children: ComponentChildren;
  tools?: ComponentChildren;
  wide?: boolean;
}) {
  return (
    <section class={wide ? 'panel wide' : 'panel'} aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}
