import { useId, useState } from 'preact/hooks';
import { formatSeconds, significant } from '../../../report/info/index.js';
import { Panel } from '../parts/states.js';
import { Curve } from './curve.js';
import { FailureOf, ProgressOf } from './under-way.js';
import type { Work } from './use-work.js';

/** Where a model is trained a little. */
export function TunePanel({ work }: { work: Work }) {
  const { data, job, curve } = work;
  const [epochs, setEpochs] = useState('3');
  const [rate, setRate] = useState('0.001');
  const [batch, setBatch] = useState('32');
  const why =
    data === undefined ? 'Choose data with answers first.' : data.targets === undefined ? 'This data has no answers to learn.' : undefined;
  return (
    <Panel title="Tune">
      <form
        class="tune"
        onSubmit={(event) => {
          event.preventDefault();
          work.tune({ epochs: Number(epochs), learningRate: Number(rate), batchSize: Number(batch) });
        }}
      >
        <div class="fields">
          <NumberField label="Epochs" value={epochs} onChange={setEpochs} min={1} max={1000} step={1} />
          <NumberField label="Learning rate" value={rate} onChange={setRate} min={0.000001} max={1} step="any" />
          <NumberField label="Batch" value={batch} onChange={setBatch} min={1} max={4096} step={1} />
        </div>
        <p class="quiet">{why ?? 'Every weight learns from the training part; the epoch that is best on the validation part is kept.'}</p>
        <button class="primary" type="submit" disabled={why !== undefined || job !== undefined || work.threads === undefined}>
          Tune
        </button>
      </form>
      <ProgressOf kind="tune" work={work}>
        {job?.step && (
          <p class="quiet figures">
            loss {significant(job.step.loss, 3)}
            {job.step.secondsLeft !== undefined && <> · about {formatSeconds(job.step.secondsLeft)} left</>}
          </p>
        )}
      </ProgressOf>
      <FailureOf kind="tune" work={work} />
      {curve.length > 0 && <Curve points={curve} epochs={job?.kind === 'tune' ? Number(epochs) : curve.length} />}
    </Panel>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
}

function NumberField({ label, value, onChange, ...limits }: NumberFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="number" required value={value} onInput={(event) => onChange(event.currentTarget.value)} {...limits} />
    </div>
  );
}
