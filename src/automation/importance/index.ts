export { type ImportanceOptions, parameterImportance } from './importance.js';
