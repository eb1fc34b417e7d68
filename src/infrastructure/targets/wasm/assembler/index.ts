export { Code, type ValueType } from './code.js';
export { FunctionBody } from './function.js';
export { type FunctionImport, ModuleBuilder } from './module.js';
export { encodingOf, isOpcode, type Opcode, signed, unsigned } from './opcodes.js';
