export { memoryStorage } from './memory.js';
export { remember } from './remember.js';
export type { JournalRecord, Storage } from './storage.js';
