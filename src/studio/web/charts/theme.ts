import { useMemo } from 'preact/hooks';
import { useMedia } from '../app/hooks.js';

const NAMES = ['ground', 'ink', 'muted', 'grid', 'front', 'baseline', 'other', 'second', 'soft', 'bad'] as const;

/** The page's colours, for what is drawn on a canvas. */
export type Theme = Readonly<Record<(typeof NAMES)[number], string>> & { readonly font: string };

export function useTheme(): Theme {
  const isDark = useMedia('(prefers-color-scheme: dark)');
  // The styles follow the reader's preference.
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    const colors = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<
      (typeof NAMES)[number],
      string
    >;
    return { ...colors, font: getComputedStyle(document.body).fontFamily };
  }, [isDark]);
}

/** Colours of runs beside each other: told apart by people with any kind of colour blindness, and by their shapes as well. */
export function seriesColor(theme: Theme, index: number): string {
  return [theme.front, theme.second, theme.baseline, theme.muted][index % 4];
}

export const SHAPES = ['circle', 'triangle', 'diamond', 'rect', 'roundRect', 'pin'] as const;
