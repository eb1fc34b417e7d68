/** The time that a search has. */
export interface Clock {
  signal: AbortSignal;
  /** Whether it ended because the time is over. */
  isOver(): boolean;
  /** Milliseconds that are left; Infinity where there is no end. */
  left(): number;
  /** The time is over now. */
  end(): void;
  stop(): void;
}

/** A signal that follows the caller's and aborts when the time is over. */
export function startClock(milliseconds: number, signal: AbortSignal | undefined): Clock {
  const controller = new AbortController();
  const deadline = performance.now() + milliseconds;
  let isOver = milliseconds <= 0;
  const follow = () => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener('abort', follow, { once: true });
  // Timers hold at most 2^31 - 1 ms; a longer budget is no limit in practice.
  const end = () => {
    isOver = !signal?.aborted;
    controller.abort();
  };
  const timer = milliseconds < 2 ** 31 ? setTimeout(end, milliseconds) : undefined;
  return {
    signal: controller.signal,
    isOver: () => isOver,
    left: () => Math.max(0, deadline - performance.now()),
    end,
    stop: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', follow);
    },
  };
}
