export { type BullQueueOptions, openBullQueue, openBullSource } from './bullmq.js';
export { openJournal, readJournal } from './journal.js';
export { inTurn } from './turn.js';
