import type { Activity } from '../../../base/index.js';
import type { Model } from '../../../onnx/index.js';
import type { Tensors } from '../../runtime/index.js';
import type { LanguageName } from '../../targets/index.js';
import type { ScheduleTable } from '../table.js';

export interface TuneRequest extends Activity {
  /** As `prepare` made it. */
  readonly model: Model;
  readonly target: LanguageName;
  readonly feeds: Tensors;
  /** What is known already: its kernels are not measured again. */
  readonly table: ScheduleTable;
  /** Milliseconds that the search may take, about: one step of it is taken at least. */
  readonly budget: number;
}
