/** What a device does with a job: all of it also runs in Node. */
export { type Measuring, measureBackend } from './measure.js';
export { smallestModel } from './smallest.js';
export { tensorsOf } from './tensors.js';
