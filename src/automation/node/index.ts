export { type BullQueueOptions, type BullSourceOptions, openBullQueue, openBullSource } from './bullmq.js';
export { openJournal, readJournal } from './journal.js';
export { inTurn } from './turn.js';
