import { Panel } from '../parts/states.js';
import { DropZone } from '../views/start/drop-zone.js';
import { FailureOf } from './under-way.js';
import type { Work } from './use-work.js';

/** Where a model is chosen. */
export function ModelPanel({ work }: { work: Work }) {
  const { model, job } = work;
  return (
    <Panel title="Model">
      <DropZone
        title={model ? `${model.name} is open. Drop another one here.` : 'Drop an .onnx or .tflite file here.'}
        label={model ? 'Choose another model' : 'Choose a model'}
        files={[]}
        accept=".onnx,.tflite"
        isDisabled={job !== undefined}
        onFiles={([first]) => first && work.open(first.file)}
      />
      {job?.kind === 'open' && <p class="quiet">Reading the model …</p>}
      <FailureOf kind="open" work={work} />
    </Panel>
  );
}
