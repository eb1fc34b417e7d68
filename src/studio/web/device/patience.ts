/** Milliseconds before the first other attempt, and the most before any. */
const [FIRST, MOST] = [1000, 30_000];

/** Waits before another attempt, twice as long each time; not longer than until the browser says that there is a network again, or the page is seen. */
export function untilOnline(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('visibilitychange', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(MOST, FIRST * 2 ** Math.min(attempt, 10)));
    addEventListener('online', done);
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}
