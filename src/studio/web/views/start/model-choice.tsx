import { architectures } from '../../../../architectures/index.js';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/states.js';
import { type Draft, isModel } from './draft.js';
import { DropZone } from './drop-zone.js';

/** A model's file, or an architecture that is trained from the start. */
export function ModelChoice({ draft, onChange }: { draft: Draft; onChange: (part: Partial<Draft>) => void }) {
  const options = [['', 'choose …'] as const, ...architectures.map(({ name, takes }) => [name, `${name} (${takes})`] as const)];
  return (
    <Panel title="Model">
      <Choice
        label="From"
        value={draft.from}
        options={[
          ['file', 'a file'],
          ['architecture', 'an architecture'],
        ]}
        onChange={(from) => onChange({ from })}
      />
      {draft.from === 'file' ? (
        <>
          <DropZone
            title="Drop a model here: .onnx or .tflite, with the files that hold its weights."
            files={draft.model}
            onFiles={(model) => onChange({ model })}
          />
          {draft.model.length > 0 && !draft.model.some(isModel) && <p class="bad">None of these ends in .onnx or .tflite.</p>}
        </>
      ) : (
        <Choice label="Architecture" value={draft.architecture} options={options} onChange={(architecture) => onChange({ architecture })} />
      )}
    </Panel>
  );
}
