export { systolicArrays } from './arrays.js';
export { computeCycles, type Dataflow, dataflows, type Mapping, type Mesh, mapProduct } from './dataflow.js';
export { systolicModel } from './model.js';
export { type SystolicProfile, systolicSchema } from './schema.js';
export { type Buffers, dramTraffic, sramTraffic, type Traffic } from './traffic.js';
