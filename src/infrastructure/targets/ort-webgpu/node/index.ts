import { nativeTarget } from '../../node/native.js';
import { ortWebGpu } from '../facts.js';

/** Not looked at unasked: many machines have no graphics card, and its driver may take the process with it. */
export const ortWebGpuTarget = nativeTarget(ortWebGpu, 'webgpu', false);
