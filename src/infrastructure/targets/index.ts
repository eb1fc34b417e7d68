export { type Agreement, agreementOf } from './agreement.js';
export { c } from './c/facts.js';
export { lacking } from './lacking.js';
export { ortNode } from './ort-node/facts.js';
export { ortWebWasm } from './ort-web-wasm/facts.js';
export { ortWebGpu } from './ort-webgpu/facts.js';
export type * from './target.js';
export { wasm } from './wasm/facts.js';
