import { DropZone } from './drop-zone.js';
import { FailureOf, Panel } from './panel.js';
import type { Work } from './use-work.js';

/** Where a model is chosen. */
export function ModelPanel({ work }: { work: Work }) {
  const { model, job } = work;
  return (
    <Panel title="Model">
      <DropZone
        label={model ? 'Choose another model' : 'Choose a model'}
        hint="or drop an .onnx or .tflite file here"
        accept=".onnx,.tflite"
        isBusy={job !== undefined}
        onFiles={([first]) => first && work.open(first.file)}
      />
      {job?.kind === 'open' && <p class="quiet">Reading the model …</p>}
      <FailureOf kind="open" work={work} />
    </Panel>
  );
}
