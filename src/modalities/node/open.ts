import type { Activity } from '../../base/index.js';
import type { DataSource } from '../../data/index.js';
import { addReader, type OpenOptions, openDataset as openData, openSamples as openUnlabelled } from '../../data/node/index.js';
import { sounds } from '../audio/node/index.js';

let isReady = false;

/** Adds the readers of modalities to those of data; by being called, since bundlers leave out what a module only does when it is loaded. */
function addReaders(): void {
  if (isReady) return;
  isReady = true;
  addReader(sounds);
}

/** Opens data of any form that is read, sounds among them; see `openDataset` in data/node. */
export function openDataset(path: string, options?: OpenOptions, activity?: Activity): Promise<DataSource> {
  addReaders();
  return openData(path, options, activity);
}

/** Opens samples that are to be answered, of any form; see `openSamples` in data/node. */
export function openSamples(path: string, options?: OpenOptions, activity?: Activity): Promise<DataSource> {
  addReaders();
  return openUnlabelled(path, options, activity);
}
