import { type Activity, attempted } from '../../base/index.js';
import type { DataSource } from '../../data/index.js';
import { runnableInputs, syntheticSource } from '../../diagnosis/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { createTask, notedPreprocess, noteTask } from '../../modalities/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';

export interface SetUpRequest extends Activity {
  readonly model: Model;
  readonly source: DataSource;
  readonly runtime: Runtime;
  readonly seed: number;
}

/** A task, with what there is to say of how it came about. */
export interface SetUp {
  readonly task: Task;
  readonly remarks: readonly string[];
}

/** What a model is for by its data's targets. @throws DataError where these are no answers of the model. */
export async function setUpByTargets({ model, source, runtime, seed, ...activity }: SetUpRequest): Promise<SetUp> {
  const noted = notedPreprocess(model, source.train.inputs);
  const { task, explanation } = await createTask(model, source, runtime, { noted, splits: { seed } }, activity);
  noteTask(model, task);
  return { task, remarks: [explanation] };
}

/** The same where the model's own answers are the truth. */
async function setUpByAnswers({ model, source, runtime, seed, ...activity }: SetUpRequest): Promise<SetUp> {
  const noted = notedPreprocess(model, source.train.inputs);
  const options = { noted, splits: { seed }, fidelity: true };
  const { task, explanation } = await createTask(model, source, runtime, options, activity);
  return { task, remarks: [explanation] };
}

/** By the data's targets where there are some that are answers of the model, else by its own answers. */
export async function setUp(request: SetUpRequest): Promise<SetUp> {
  if (!request.source.train.targets) return setUpByAnswers(request);
  return attempted(
    () => setUpByTargets(request),
    async ({ message }) => {
      const { task, remarks } = await setUpByAnswers(request);
      return { task, remarks: [...remarks, `The labels of the data are not used. ${message}`] };
    },
  );
}

/** Made-up samples for a model, of seeded numbers. @throws OptionError where none can be made up. */
export async function madeUpSource(model: Model, runtime: Runtime, { signal }: Activity): Promise<DataSource> {
  const { attempt } = await runnableInputs(model, runtime, { signal });
  return syntheticSource(model, { attempt });
}
