import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { announce } from '../app/announce.js';
import { Agent, type Phase } from './agent.js';
import { DeviceClient, Unanswered } from './client.js';
import { type Here, lookAround } from './here.js';
import { Kept } from './kept.js';
import type { Result } from './result.js';
import { keepAwake } from './wake-lock.js';

export interface Device {
  readonly name: string;
  readonly here?: Here;
  /** Absent while it has not joined. */
  readonly phase?: Phase;
  /** The latest last. */
  readonly results: readonly Result[];
  join(name: string): void;
  leave(): void;
  /** Goes on after it could not. */
  retry(): void;
}

let loaded: Promise<Runtime> | undefined;

/** One runtime for the page, loaded when it is first wanted. @throws Unanswered where its script cannot be fetched. */
function runtime(): Promise<Runtime> {
  loaded ??= import('../../../infrastructure/runtime/web/index.js').then(
    ({ createWebRuntime }) => createWebRuntime({ spinning: false }),
    (cause: Error) => {
      loaded = undefined;
      throw new Unanswered(0, cause.message);
    },
  );
  return loaded;
}

/** The device's state. It joins by itself where it had before the page was loaded again. */
export function useAgent(token: string): Device {
  const kept = useMemo(() => new Kept(token), [token]);
  const [here, setHere] = useState<Here>();
  const [phase, setPhase] = useState<Phase>();
  const [results, setResults] = useState(() => kept.results);
  const [isJoined, setJoined] = useState(kept.id !== undefined && kept.name !== '');
  const [attempt, setAttempt] = useState(0);

  useEffect(() => void lookAround().then(setHere), []);
  useEffect(() => {
    if (!isJoined || !here) return;
    const onResult = (result: Result) => {
      kept.results = [...kept.results.filter(({ run, model }) => run !== result.run || model !== result.model), result];
      setResults(kept.results);
      announce(`${result.label} is measured.`);
    };
    const agent = new Agent({ client: new DeviceClient(token), here, kept, runtime, onPhase: setPhase, onResult });
    const release = keepAwake();
    void agent.run().finally(release);
    return () => {
      agent.stop();
      release();
    };
  }, [isJoined, here, token, attempt]);

  return {
    name: kept.name,
    results,
    ...(here && { here }),
    ...(isJoined && phase && { phase }),
    join: (name) => {
      kept.name = name;
      setJoined(true);
    },
    leave: () => {
      kept.id = undefined;
      kept.attempt = undefined;
      setJoined(false);
      setPhase(undefined);
    },
    retry: () => setAttempt((count) => count + 1),
  };
}
