export { type Core, cores } from './cores.js';
export { type InstructionCount, type InstructionKind, type InstructionTable, instructionKinds } from './counts.js';
export { microcontrollers } from './devices.js';
export { instructionCounts } from './instructions.js';
export { microcontrollerModel } from './model.js';
export { type MicrocontrollerProfile, microcontrollerSchema } from './schema.js';
