export { lowerInPatches, type Patches, type PatchOptions, type PlannedProgram } from './choose.js';
