import { audioSample } from './audio.js';
import { imageSample } from './image.js';
import type { SampleData } from './sample-data.js';
import { tableSample } from './table.js';
import { textSample } from './text.js';

/** Data to try things with, by kind. */
export const SAMPLES: readonly SampleData[] = [imageSample, audioSample, textSample, tableSample];
