import { formatSeconds, plural, summarize } from '../../../../report/info/index.js';
import type { LiveRun, RunInfo } from '../../../../strategies/index.js';
import { endedTrials, isAtWork, stateInWords, timeLeft, trialsInWords } from '../../../view/index.js';
import { fileAddress } from '../../api/client.js';
import { Meter, StateBadge } from '../../parts/states.js';
import { LimitsForm } from './limits-form.js';
import { Steering } from './steering.js';

export interface RunHeaderProps {
  readonly id: string;
  readonly run: LiveRun;
  readonly info?: RunInfo;
  /** Whether somebody would hear it. */
  readonly canSteer: boolean;
}

/** Where a run stands, and what it can be told. */
export function RunHeader({ id, run, info, canSteer }: RunHeaderProps) {
  const { name, state, trials, wanted, error } = run;
  const ended = endedTrials(trials);
  const front = run.models.filter(({ onFront }) => onFront).length;
  const left = timeLeft(run);
  const atWork = isAtWork(state);
  return (
    <header class="run-head">
      <div class="view-head">
        <div class="titles">
          <h1>{name}</h1>
          <p class="meta">
            <StateBadge state={state} /> {stateInWords(state)}
          </p>
        </div>
        {atWork && <Steering id={id} run={run} isEnabled={canSteer} />}
        {state === 'complete' && (
          <a class="button" href={fileAddress(id, 'report.html')} target="_blank" rel="noreferrer">
            Report
          </a>
        )}
      </div>
      {error && (
        <p class="notice bad-notice" role="alert">
          <strong>{error}</strong>
        </p>
      )}
      {info && info.models.length > 0 && <p class="headline">{summarize(info).headline}</p>}
      <dl class="figures">
        <div>
          <dt>Trials</dt>
          <dd>
            {trialsInWords(ended, wanted)}
            {atWork && <Meter done={ended} total={wanted} label="Trials that have ended" />}
          </dd>
        </div>
        <div>
          <dt>Time left</dt>
          <dd>{left ?? (atWork ? 'known after the first trial' : 'none')}</dd>
        </div>
        <div>
          <dt>Taken</dt>
          <dd>{formatSeconds((run.updated - run.begun) / 1000)}</dd>
        </div>
        <div>
          <dt>Front</dt>
          <dd>{plural(front, 'model')}</dd>
        </div>
      </dl>
      <LimitsForm id={id} run={run} isEnabled={atWork && canSteer} />
    </header>
  );
}
