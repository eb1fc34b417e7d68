import { nativeTarget } from '../../node/native.js';
import { ortNode } from '../facts.js';

export const ortNodeTarget = nativeTarget(ortNode, 'cpu', true);
