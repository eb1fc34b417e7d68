/** By itself, for those who write for it and need not load what writes code: `targets` has all. */
export { ortNode } from './facts.js';
