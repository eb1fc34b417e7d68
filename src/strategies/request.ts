import type { JobQueue, Json } from '../automation/index.js';
import type { Activity } from '../base/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import type { TechniqueRegistry } from '../technique/index.js';
import type { Task } from '../training/index.js';
import type { HostServices } from './models/host.js';
import type { Workspace } from './models/workspace.js';
import type { OptimizeOptions } from './plan/settings.js';
import type { Strategy } from './plan/strategy.js';
import type { StartArchitecture } from './recipes/base.js';

/** What a run of `optimize` is asked. */
export interface OptimizeRequest extends Activity {
  /** What the run is called in reports. */
  name: string;
  original: Model;
  /** Set where the original is an instance of a family that may be scaled. It is then trained first, and the trained one is the baseline. */
  architecture?: StartArchitecture;
  task: Task;
  strategy: Strategy;
  registry: TechniqueRegistry;
  runtime: Runtime;
  workspace: Workspace;
  host: HostServices;
  /** Where there are workers: the queue that they take stages from, and how they open the run. Default: everything is done here. */
  workers?: { queue: JobQueue; open: Json };
  options?: OptimizeOptions;
}
