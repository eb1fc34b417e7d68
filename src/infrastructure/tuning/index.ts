export { Descent } from './descent.js';
export { type KernelShape, shapesOf, tilingsIn } from './shapes.js';
export { type Bench, parseScheduleTable, ScheduleTable, type TunedKernel } from './table.js';
