export { type PseudoLabelled, type PseudoLabelOptions, withPseudoLabels } from './pseudo-labels.js';
