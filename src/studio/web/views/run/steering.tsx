import { useId, useState } from 'preact/hooks';
import type { LiveRun, Steering as Message } from '../../../../strategies/index.js';
import { type ApiFailure, api } from '../../api/client.js';
import { announce } from '../../app/announce.js';
import { asFailure } from '../../app/hooks.js';
import { Failure } from '../../parts/states.js';

/** Sends a message to a run, and says what came of it. */
export function useSteer(id: string): {
  send: (message: Message, said: string) => Promise<boolean>;
  failure?: ApiFailure;
  isBusy: boolean;
} {
  const [failure, setFailure] = useState<ApiFailure>();
  const [isBusy, setBusy] = useState(false);
  const send = async (message: Message, said: string) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await api.steer(id, message);
      announce(said);
      return true;
    } catch (error) {
      setFailure(asFailure(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { send, failure, isBusy };
}

/** Pause, resume, stop, and how many trials there are to be. */
export function Steering({ id, run, isEnabled }: { id: string; run: LiveRun; isEnabled: boolean }) {
  const { send, failure, isBusy } = useSteer(id);
  const [isAsking, setAsking] = useState(false);
  const isOff = !isEnabled || isBusy;
  const isPaused = run.state === 'paused';
  const canStop = run.state !== 'settling';
  return (
    <div class="steering">
      <div class="actions">
        {isPaused ? (
          <button type="button" disabled={isOff} onClick={() => send({ kind: 'resume' }, 'Resumed')}>
            Resume
          </button>
        ) : (
          <button
            type="button"
            disabled={isOff || run.state !== 'searching'}
            onClick={() => send({ kind: 'pause' }, 'No trial is begun until the run is resumed')}
          >
            Pause
          </button>
        )}
        {isAsking ? (
          <fieldset class="confirm">
            <legend>Stop, and measure what there is?</legend>
            <button
              type="button"
              class="danger"
              disabled={isOff}
              onClick={async () => {
                if (await send({ kind: 'stop' }, 'The run stops, and measures what there is')) setAsking(false);
              }}
            >
              Stop the run
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              Go on
            </button>
          </fieldset>
        ) : (
          <button type="button" disabled={isOff || !canStop} onClick={() => setAsking(true)}>
            Stop
          </button>
        )}
        <TrialsForm run={run} isEnabled={!isOff} onSet={(trials) => send({ kind: 'trials', trials }, `${trials} trials in all`)} />
      </div>
      {failure && <Failure failure={failure} />}
    </div>
  );
}

function TrialsForm({ run, isEnabled, onSet }: { run: LiveRun; isEnabled: boolean; onSet: (trials: number) => Promise<boolean> }) {
  const id = useId();
  const [typed, setTyped] = useState<string>();
  const set = async (event: Event) => {
    event.preventDefault();
    const trials = Number(typed);
    if (Number.isInteger(trials) && trials >= 1 && (await onSet(trials))) setTyped(undefined);
  };
  return (
    <form class="inline" onSubmit={set}>
      <label for={id}>Trials in all</label>
      <input
        id={id}
        type="number"
        min={1}
        step={1}
        required
        class="short"
        disabled={!isEnabled}
        value={typed ?? String(run.wanted)}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <button type="submit" disabled={!isEnabled || typed === undefined || Number(typed) === run.wanted}>
        Set
      </button>
    </form>
  );
}
