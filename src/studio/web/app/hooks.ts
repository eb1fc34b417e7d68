import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure } from '../api/client.js';
import { type Followed, followRun } from '../api/follow.js';

/** Something that is asked for: it is there, or failed, or neither yet. */
export interface Loaded<T> {
  readonly value?: T;
  readonly failure?: ApiFailure;
}

export function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure(0, error instanceof Error ? error.message : String(error));
}

/** Asks once for each key. */
export function useLoaded<T>(load: () => Promise<T>, key: string): Loaded<T> & { retry: () => void } {
  const [loaded, setLoaded] = useState<Loaded<T>>({});
  const [attempt, setAttempt] = useState(0);
  // The key says what is loaded.
  useEffect(() => {
    let isCurrent = true;
    setLoaded({});
    load().then(
      (value) => isCurrent && setLoaded({ value }),
      (error: unknown) => isCurrent && setLoaded({ failure: asFailure(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, attempt]);
  return { ...loaded, retry: useCallback(() => setAttempt((count) => count + 1), []) };
}

/** Milliseconds between questions while the page is seen, and after some that failed. */
const [PACE, SLOWEST] = [2000, 10_000];

/** Asks again and again while the page is seen. What was there stays when an answer fails: `failure` then says that it is old. */
export function usePolled<T>(load: () => Promise<T>): Loaded<T> & { retry: () => void } {
  const [loaded, setLoaded] = useState<Loaded<T>>({});
  const asked = useRef<() => void>(() => {});
  // Asked for as long as the view is there.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let isOver = false;
    const ask = async () => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') {
        try {
          const value = await load();
          failures = 0;
          if (!isOver) setLoaded({ value });
        } catch (error) {
          failures++;
          if (!isOver) setLoaded(({ value }) => ({ value, failure: asFailure(error) }));
        }
      }
      clearTimeout(timer);
      if (!isOver) timer = setTimeout(ask, Math.min(SLOWEST, PACE * 2 ** Math.max(0, failures - 1)));
    };
    asked.current = () => void ask();
    void ask();
    const seen = () => document.visibilityState === 'visible' && void ask();
    document.addEventListener('visibilitychange', seen);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, []);
  return { ...loaded, retry: () => asked.current() };
}

export function useFollowed(id: string): Followed {
  const [followed, setFollowed] = useState<Followed>({ connection: 'connecting' });
  useEffect(() => {
    setFollowed({ connection: 'connecting' });
    return followRun(id, setFollowed);
  }, [id]);
  return followed;
}

/** Whether a media query holds, as it changes. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const read = () => setMatches(list.matches);
    read();
    list.addEventListener('change', read);
    return () => list.removeEventListener('change', read);
  }, [query]);
  return matches;
}

/** The time, every so many milliseconds. */
export function useNow(every: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
