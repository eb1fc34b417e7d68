import { useId, useMemo, useState } from 'preact/hooks';
import type { LimitName } from '../../../../report/info/index.js';
import type { LiveRun, Steering } from '../../../../strategies/index.js';
import { type LimitField, limitFields } from '../../../view/index.js';
import { Failure } from '../../parts/states.js';
import { useSteer } from './steering.js';

type Typed = Partial<Record<LimitName, string>>;
type Changes = Extract<Steering, { kind: 'limits' }>['limits'];

/** The limits of a run: those that are set at once, all of them where they are changed. What is changed holds from the next trial on. */
export function LimitsForm({ id, run, isEnabled }: { id: string; run: LiveRun; isEnabled: boolean }) {
  const [typed, setTyped] = useState<Typed>();
  const { send, failure, isBusy } = useSteer(id);
  const { limits } = run;
  const fields = useMemo(() => limitFields(run.task.metric), [run.task.metric]);
  const set = fields.filter(({ name }) => limits[name] !== undefined);
  if (!typed) {
    return (
      <div class="limits">
        <h2>Limits</h2>
        {set.length === 0 && !limits.rules?.length && <span class="quiet">none</span>}
        <ul class="chips">
          {set.map(({ name, label, text }) => (
            <li key={name}>
              <span class="quiet">{label}</span> {text(limits[name] ?? 0)}
            </li>
          ))}
          {limits.rules?.map(({ metric, relation, value }) => (
            <li key={`${metric}${relation}`}>{`${metric} ${relation} ${value}`}</li>
          ))}
        </ul>
        {isEnabled && (
          <button type="button" onClick={() => setTyped({})}>
            Change limits
          </button>
        )}
      </div>
    );
  }
  const changes = changesOf(typed, fields);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (changes && (await send({ kind: 'limits', limits: changes }, 'The limits are changed, from the next trial on'))) setTyped(undefined);
  };
  return (
    <form class="limits limits-form" aria-label="Limits" onSubmit={submit}>
      <h2>Limits</h2>
      <p class="quiet">They hold from the next trial on; models that are there are judged anew. An empty field lifts its limit.</p>
      <div class="fields">
        {fields.map((field) => (
          <LimitInput
            key={field.name}
            field={field}
            value={typed[field.name] ?? (limits[field.name] === undefined ? '' : field.text(limits[field.name] ?? 0))}
            onInput={(text) => setTyped({ ...typed, [field.name]: text })}
          />
        ))}
      </div>
      <div class="actions">
        <button type="submit" class="primary" disabled={!isEnabled || isBusy || !changes || Object.keys(changes).length === 0}>
          Apply
        </button>
        <button type="button" onClick={() => setTyped(undefined)}>
          Cancel
        </button>
      </div>
      {failure && <Failure failure={failure} />}
    </form>
  );
}

export function LimitInput({ field, value, onInput }: { field: LimitField; value: string; onInput: (text: string) => void }) {
  const id = useId();
  const isBad = value.trim() !== '' && field.parse(value) === undefined;
  return (
    <div class="field">
      <label for={id}>{field.label}</label>
      <input
        id={id}
        type="text"
        inputMode="text"
        placeholder={field.example}
        aria-invalid={isBad}
        aria-describedby={isBad ? `${id}-error` : undefined}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {isBad && (
        <span id={`${id}-error`} class="bad">
          Expected something like {field.example}
        </span>
      )}
    </div>
  );
}

/** @returns undefined while a field holds what is no such quantity. */
function changesOf(typed: Typed, fields: readonly LimitField[]): Changes | undefined {
  const changes: Changes = {};
  for (const { name, parse } of fields) {
    const text = typed[name];
    if (text === undefined) continue;
    const value = text.trim() === '' ? null : parse(text);
    if (value === undefined) return undefined;
    changes[name] = value;
  }
  return changes;
}
