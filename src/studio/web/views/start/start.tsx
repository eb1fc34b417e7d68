import { useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../../../report/info/index.js';
import { limitFields, parseTime } from '../../../view/index.js';
import { type ApiFailure, api } from '../../api/client.js';
import { upload } from '../../api/upload.js';
import { announce } from '../../app/announce.js';
import { asFailure } from '../../app/hooks.js';
import { link } from '../../app/route.js';
import { Choice } from '../../parts/choice.js';
import { Failure, Panel } from '../../parts/states.js';
import { LimitInput } from '../run/limits-form.js';
import { DataChoice } from './data-choice.js';
import { type Draft, firstDraft, problemsOf, startOf } from './draft.js';
import { ModelChoice } from './model-choice.js';
import { TextField } from './text-field.js';

const TARGETS = [
  ['', 'nothing'],
  ['c', 'C'],
  ['wasm', 'WebAssembly'],
] as const;

type Progress = { readonly what: string; readonly sent: number; readonly total: number };

/** A run from a model or an architecture, and data: chosen here, sent, begun. */
export function StartView({ canStart, maxUpload = Number.POSITIVE_INFINITY }: { canStart: boolean; maxUpload?: number }) {
  const [draft, setDraft] = useState<Draft>(firstDraft);
  const [progress, setProgress] = useState<Progress>();
  const [failure, setFailure] = useState<ApiFailure>();
  const [isAsked, setAsked] = useState(false);
  const abort = useRef<AbortController | undefined>(undefined);
  const change = (part: Partial<Draft>) => setDraft((was) => ({ ...was, ...part }));
  const problems = problemsOf(draft, maxUpload);
  const limits = limitFields();

  const go = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (problems.length > 0) return;
    const controller = new AbortController();
    abort.current = controller;
    setFailure(undefined);
    try {
      const send = (what: string, files: Draft['model']) => {
        setProgress({ what, sent: 0, total: 1 });
        announce(`Sending ${what}`);
        return upload(files, { onProgress: (sent, total) => setProgress({ what, sent, total }), signal: controller.signal });
      };
      const model = draft.from === 'file' ? await send('the model', draft.model) : undefined;
      const data = draft.data === 'files' ? await send('the data', draft.files) : undefined;
      const { id } = await api.start(startOf(draft, model, data));
      announce('The run has begun');
      location.hash = link(['run', id]);
    } catch (error) {
      if (!controller.signal.aborted) setFailure(asFailure(error));
    } finally {
      setProgress(undefined);
    }
  };

  if (!canStart) {
    return (
      <>
        <h1>Start a run</h1>
        <p class="notice warn-notice">No runs are started here. Start the studio without --read-only, in a folder that holds runs.</p>
      </>
    );
  }
  return (
    <form class="start" onSubmit={go} noValidate>
      <header class="view-head">
        <h1>Start a run</h1>
      </header>
      <div class="grid">
        <ModelChoice draft={draft} onChange={change} />
        <DataChoice draft={draft} onChange={change} />
        <Panel title="Limits">
          <p class="quiet">What models of the front must keep to. Leave a field empty for no limit.</p>
          <div class="fields">
            {limits.map((field) => (
              <LimitInput
                key={field.name}
                field={field}
                value={draft.limits[field.name] ?? ''}
                onInput={(text) => change({ limits: { ...draft.limits, [field.name]: text } })}
              />
            ))}
          </div>
        </Panel>
        <Panel title="Search">
          <div class="fields">
            <TextField label="Name of the run" value={draft.name} onInput={(name) => change({ name })} hint="letters, digits, - and _" />
            <TextField label="Trials" value={draft.trials} onInput={(trials) => change({ trials })} hint="how many recipes are tried" />
            <TextField
              label="Time at most"
              value={draft.budget}
              onInput={(budget) => change({ budget })}
              hint="e.g. 30 min"
              isBad={draft.budget.trim() !== '' && parseTime(draft.budget) === undefined}
            />
            <TextField label="Side by side" value={draft.jobs} onInput={(jobs) => change({ jobs })} hint="trials at a time" />
            <Choice label="Compile models to" value={draft.target} options={TARGETS} onChange={(target) => change({ target })} />
          </div>
        </Panel>
      </div>
      {isAsked && problems.length > 0 && (
        <div class="notice bad-notice" role="alert">
          <ul class="plain">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </div>
      )}
      {failure && <Failure failure={failure} />}
      {progress ? (
        <div class="panel sending">
          <p>
            Sending {progress.what}: {formatBytes(progress.sent)} of {formatBytes(progress.total)}
          </p>
          <progress max={Math.max(1, progress.total)} value={progress.sent} aria-label={`Sending ${progress.what}`} />
          <button type="button" onClick={() => abort.current?.abort()}>
            Cancel
          </button>
        </div>
      ) : (
        <div class="actions">
          <button type="submit" class="primary">
            Start the run
          </button>
        </div>
      )}
    </form>
  );
}
