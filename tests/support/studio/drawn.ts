import type { Page } from 'playwright-core';

/** Waits until something is drawn on a canvas: until then it hears nothing, and what lies on it has no place. Every canvas begins with a height of 150 pixels. */
export async function drawn(page: Page, selector: string): Promise<void> {
  await page.waitForFunction((selected) => {
    const canvas = document.querySelector(selected);
    if (!canvas || canvas.height === 150) return false;
    return canvas
      .getContext('2d')
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((value) => value > 0);
  }, selector);
}

/** What is used here inside pages. */
declare const document: { querySelector(selector: string): Canvas | null };

interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
}
