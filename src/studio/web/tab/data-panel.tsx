import { DropZone } from './drop-zone.js';
import { FailureOf, Panel, ProgressOf } from './panel.js';
import type { DataView } from './protocol.js';
import type { Work } from './use-work.js';

/** Where data is chosen: for tuning, and to quantize and compare with. */
export function DataPanel({ work }: { work: Work }) {
  const { data, job } = work;
  return (
    <Panel title="Data">
      <DropZone
        label={data ? 'Choose another file' : 'Choose a file'}
        hint="or drop a folder of images in class folders, or one .npz, .npy, .csv, .tsv, .jsonl or .json"
        accept=".npz,.npy,.csv,.tsv,.jsonl,.ndjson,.json,image/*"
        folders
        isBusy={job !== undefined}
        onFiles={work.chooseData}
      />
      <ProgressOf kind="data" work={work} />
      <FailureOf kind="data" work={work} />
      {data && job?.kind !== 'data' && <Found {...data} />}
    </Panel>
  );
}

/** Names that are listed. */
const FEW = 12;

function Found({ name, format, samples, inputs, targets, messages }: DataView) {
  return (
    <>
      <p class="found">
        <strong>{name}</strong>: {samples} samples, {format} ({inputs.join(', ')})
        {targets ? `; ${targets.length} to answer: ${targets.slice(0, FEW).join(', ')}${targets.length > FEW ? ' …' : ''}` : '; without answers'}
      </p>
      {messages.map(({ level, text }) => (
        <p class={level === 'warning' ? 'notice warn-notice' : 'quiet'} key={text}>
          {text}
        </p>
      ))}
    </>
  );
}
