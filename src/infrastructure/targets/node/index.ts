export { nativeTarget } from './native.js';
export { referenceAnswers } from './reference.js';
export { addTarget, targetNamed, targets } from './table.js';
export type * from './target.js';
