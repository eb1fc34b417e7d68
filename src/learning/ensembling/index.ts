export { mirror } from './mirror.js';
