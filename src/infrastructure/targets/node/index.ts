export { nativeTarget } from './native.js';
export type { Absent, CompiledProgram, CompiledRunner, ProbedProgram } from './program.js';
export { type ReferenceOptions, referenceAnswers } from './reference.js';
export { type AgreementRequest, type Answered, compiledAgreement } from './rounding.js';
export { addTarget, compiledRunners, targetNamed, targets } from './table.js';
export type * from './target.js';
