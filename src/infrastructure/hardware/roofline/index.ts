export { rooflineDevices } from './devices.js';
export { rooflineModel } from './model.js';
export { type RooflineProfile, rooflineSchema } from './schema.js';
