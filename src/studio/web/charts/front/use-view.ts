import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FrontPicture } from '../../../view/index.js';
import type { View } from './view.js';

/** What is seen of the plane: what the models ask for, until the reader chooses; at most one change is drawn in a frame. */
export function useView({ x, y }: FrontPicture): { view: View; change: (next: View | 'front' | 'all') => void } {
  const [chosen, setChosen] = useState<View | 'front' | 'all'>('front');
  const frame = useRef(0);
  const names = `${x.measure.name} ${y.measure.name}`;
  // Another plane is seen from the beginning.
  useEffect(() => setChosen('front'), [names]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const change = (next: View | 'front' | 'all') => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setChosen(next));
  };
  const view = useMemo(() => {
    if (chosen === 'front') return { x: x.ends, y: y.ends };
    return chosen === 'all' ? { x: x.all, y: y.all } : chosen;
  }, [chosen, x, y]);
  return { view, change };
}
