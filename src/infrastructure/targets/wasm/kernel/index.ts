export type { Functions } from './functions.js';
export { KernelWriter } from './writer.js';
