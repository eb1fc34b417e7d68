import { Panel } from '../parts/states.js';
import { DropZone } from '../views/start/drop-zone.js';
import type { FoundData } from './protocol.js';
import { FailureOf, ProgressOf } from './under-way.js';
import type { Work } from './use-work.js';

/** Where data is chosen: for tuning, and to quantize and compare with. */
export function DataPanel({ work }: { work: Work }) {
  const { data, job } = work;
  return (
    <Panel title="Data">
      <DropZone
        title="Drop a folder of images in class folders here, or one .npz, .npy, .csv, .tsv, .jsonl or .json."
        label={data ? 'Choose other data' : 'Choose data'}
        files={[]}
        takesFolders
        isDisabled={job !== undefined}
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

function Found({ name, format, samples, inputs, targets, messages }: FoundData) {
  return (
    <>
      <p class="found">
        <strong>{name}</strong>: {samples} samples, {format} ({inputs.join(', ')})
        {targets ? `; ${targets.names.length} ${targets.noun}: ${listed(targets.names)}` : '; without answers'}
      </p>
      {messages.map(({ level, text }) => (
        <p class={level === 'warning' ? 'notice warn-notice' : 'quiet'} key={text}>
          {text}
        </p>
      ))}
    </>
  );
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, FEW).join(', ')}${names.length > FEW ? ' …' : ''}`;
}
