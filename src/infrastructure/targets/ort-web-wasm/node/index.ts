import { RuntimeError } from '../../../../base/index.js';
import { runOnWeb } from '../../../runtime/node/index.js';
import { agreementOf } from '../../agreement.js';
import { RUNS } from '../../node/native.js';
import type { Target } from '../../node/target.js';
import { ortWebWasm } from '../facts.js';

/** In Node: a page has the same WebAssembly. */
export const ortWebWasmTarget: Target = {
  ...ortWebWasm,
  usual: true,
  check: async ({ model, feeds, expected, tolerance = ortWebWasm.tolerance, signal }) => {
    const reply = await runOnWeb(model, feeds, Object.keys(expected), { signal });
    if ('absent' in reply) return { status: 'not checked', detail: 'onnxruntime-web is not installed' };
    if ('failure' in reply) return { status: 'fails', detail: `onnxruntime-web: ${reply.failure}` };
    return agreementOf(expected, reply.outputs, tolerance);
  },
  measure: async ({ model, feeds, runs = RUNS, signal }) => {
    const reply = await runOnWeb(model, feeds, [], { runs, signal });
    if ('absent' in reply) return undefined;
    if ('failure' in reply) throw new RuntimeError({ what: `onnxruntime-web: ${reply.failure}` });
    return [...reply.milliseconds];
  },
};
