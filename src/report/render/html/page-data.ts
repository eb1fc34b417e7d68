import type { ScatterAxis, ScatterPoint } from '../../info/index.js';

/** A model as the report's page draws it. Its index is its place in the list: 0 is the baseline. */
export interface PageModel {
  readonly label: string;
  readonly role: ScatterPoint['role'];
  /** On the front, from 1. */
  readonly rank?: number;
}

/** What the report's page knows of its run: every axis with every model's place on it, so that nothing in the page knows a scale. */
export interface PageData {
  readonly axes: readonly ScatterAxis[];
  /** By the names of two axes, "x/y": the indices of the models that nothing beats in these two, from low x to high. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
  readonly models: readonly PageModel[];
  /** The model whose card is shown first. */
  readonly chosen: number;
}
