export { type BullQueueOptions, openBullQueue, openBullSource } from './bullmq.js';
export { isJournalOpen, openJournal, readJournal } from './journal.js';
export { fromLine } from './lines.js';
