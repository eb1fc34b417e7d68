export { FunctionTable, importsOf } from './table.js';
