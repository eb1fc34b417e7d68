import { formatShare } from '../../info/index.js';
import { element, type Markup } from '../markup.js';

/** A share as a bar and a figure; nothing for none. */
export function meter(share: number, kind: 'before' | 'after'): Markup | undefined {
  if (share === 0) return undefined;
  return element(
    'div',
    { class: `track meter ${kind}` },
    element('i', { style: `width:${(share * 70).toFixed(1)}px` }),
    element('span', {}, formatShare(share)),
  );
}
