import { useId, useState } from 'preact/hooks';
import type { QuantizeMode } from '../../tab/index.js';
import { Panel } from '../parts/states.js';
import { FailureOf, ProgressOf } from './under-way.js';
import type { Work } from './use-work.js';

const MODES: readonly (readonly [mode: QuantizeMode, text: string, help: string])[] = [
  ['dynamic', 'Dynamic: int8, activations as they come', 'Needs no data.'],
  [
    'static',
    'Static: int8, ranges found on data',
    'Quickest to run. Finds ranges on your data, or on made-up numbers, which fit less well.',
  ],
  ['weights', 'Weights alone: int8', 'Computes in floats as before: a quarter of the size, and the least loss of the three.'],
  ['half', 'Weights as float16', 'Half the size, hardly any loss.'],
];

/** Where a model is made smaller. */
export function QuantizePanel({ work }: { work: Work }) {
  const { data, job } = work;
  const [mode, setMode] = useState<QuantizeMode>('dynamic');
  const id = useId();
  const [, , help] = MODES.find(([each]) => each === mode) as (typeof MODES)[number];
  return (
    <Panel title="Quantize">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          work.quantize({ mode, withData: data !== undefined });
        }}
      >
        <div class="field">
          <label for={id}>How</label>
          <select id={id} value={mode} onChange={(event) => setMode(event.currentTarget.value as QuantizeMode)}>
            {MODES.map(([each, text]) => (
              <option key={each} value={each}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <p class="quiet">
          {help} Answers are compared on {data ? 'the test part of your data' : 'made-up inputs'}.
        </p>
        <button class="primary" type="submit" disabled={job !== undefined || work.threads === undefined}>
          Quantize
        </button>
      </form>
      <ProgressOf kind="quantize" work={work} />
      <FailureOf kind="quantize" work={work} />
    </Panel>
  );
}
