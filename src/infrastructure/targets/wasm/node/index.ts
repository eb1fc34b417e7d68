export { moduleRunner } from './open.js';
