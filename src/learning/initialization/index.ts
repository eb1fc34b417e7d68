export { whiten } from './whiten.js';
