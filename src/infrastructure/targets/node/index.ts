export { type Absent, type CompiledProgram, type CompiledRunner, type ProbedProgram, toleranceOf } from './compiled.js';
export { nativeTarget } from './native.js';
export { referenceAnswers } from './reference.js';
export { addTarget, compiledRunners, targetNamed, targets } from './table.js';
export type * from './target.js';
