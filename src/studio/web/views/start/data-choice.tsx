import { api } from '../../api/client.js';
import { useLoaded } from '../../app/hooks.js';
import { Choice } from '../../parts/choice.js';
import { Failure, Loading, Panel } from '../../parts/states.js';
import type { Draft } from './draft.js';
import { DropZone } from './drop-zone.js';

/** A folder of data, or a data set that is there. */
export function DataChoice({ draft, onChange }: { draft: Draft; onChange: (part: Partial<Draft>) => void }) {
  const { value: datasets, failure, retry } = useLoaded(api.datasets, 'datasets');
  return (
    <Panel title="Data">
      <Choice
        label="Data from"
        value={draft.data}
        options={[
          ['files', 'a folder or files'],
          ['dataset', 'a data set'],
        ]}
        onChange={(data) => onChange({ data })}
      />
      {draft.data === 'files' && (
        <DropZone
          title="Drop a folder of data here, or a table."
          files={draft.files}
          takesFolders
          onFiles={(files) => onChange({ files })}
        />
      )}
      {draft.data === 'dataset' && (
        <>
          {failure && <Failure failure={failure} onRetry={retry} />}
          {!datasets && !failure && <Loading what="data sets" />}
          {datasets && (
            <Choice
              label="Data set"
              value={draft.dataset}
              options={[['', 'choose …'], ...datasets.map(({ name, title }) => [name, title] as const)]}
              onChange={(dataset) => onChange({ dataset })}
            />
          )}
        </>
      )}
    </Panel>
  );
}
