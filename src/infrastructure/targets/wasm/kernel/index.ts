export type { Base } from './addresses.js';
export type { Functions } from './functions.js';
export { KernelWriter } from './writer.js';
