import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { LiveRun } from '../../../../strategies/index.js';
import { type Draft, type FormField, parameterName, TrialForm } from '../../../view/index.js';
import { changeQuery } from '../../app/route.js';
import { Failure, Panel } from '../../parts/states.js';
import { useSteer } from './steering.js';

/** A trial by hand: a point of the run's space, new or as another trial's. */
export function AddTrial({ id, run, from }: { id: string; run: LiveRun; from?: number }) {
  const form = useMemo(() => new TrialForm(run.space ?? {}), [run.space]);
  const like = run.trials.find(({ number }) => number === from);
  const [draft, setDraft] = useState<Draft>(() => form.draft(like?.point));
  const { send, failure, isBusy } = useSteer(id);
  const first = useRef<HTMLFormElement>(null);
  useEffect(() => first.current?.querySelector<HTMLElement>('select, input')?.focus(), []);
  const problem = problemOf(form, draft);
  const close = () => changeQuery({ from: undefined });
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!problem && (await send({ kind: 'trial', point: form.point(draft) }, 'The trial is added, before whatever comes next'))) close();
  };
  return (
    <Panel title={like ? `A trial as trial ${like.number}, changed` : 'A trial by hand'}>
      <form ref={first} onSubmit={submit}>
        <p class="quiet">It is made before whatever would be proposed next.</p>
        <div class="fields">
          {form.fields(draft).map((field) => (
            <ParameterInput key={field.name} field={field} onChange={(value) => setDraft({ ...draft, [field.name]: value })} />
          ))}
        </div>
        {problem && (
          <p class="bad" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary" disabled={isBusy || problem !== undefined}>
            Add the trial
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
        {failure && <Failure failure={failure} />}
      </form>
    </Panel>
  );
}

function ParameterInput({
  field: { name, parameter, value },
  onChange,
}: {
  field: FormField;
  onChange: (value: FormField['value']) => void;
}) {
  const id = useId();
  if (parameter.type === 'categorical') {
    return (
      <div class="field">
        <label for={id}>{parameterName(name)}</label>
        <select
          id={id}
          value={String(parameter.choices.indexOf(value))}
          onChange={(event) => onChange(parameter.choices[Number(event.currentTarget.value)])}
        >
          {parameter.choices.map((choice, index) => (
            <option key={String(choice)} value={String(index)}>
              {String(choice)}
            </option>
          ))}
        </select>
      </div>
    );
  }
  const { low, high, log, step } = parameter;
  return (
    <div class="field">
      <label for={id}>{parameterName(name)}</label>
      <input
        id={id}
        type="number"
        required
        min={low}
        max={high}
        step={step ?? (parameter.type === 'integer' ? 1 : 'any')}
        value={Number.isNaN(value) ? '' : Number(value)}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <span class="quiet">
        {low} to {high}
        {log && ', logarithmic'}
      </span>
    </div>
  );
}

function problemOf(form: TrialForm, draft: Draft): string | undefined {
  try {
    form.point(draft);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
