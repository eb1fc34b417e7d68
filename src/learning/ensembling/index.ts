export { flipEnsemble } from './flip-ensemble.js';
