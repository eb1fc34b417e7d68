export { type BullQueueOptions, type BullSourceOptions, openBullQueue, openBullSource } from './bullmq.js';
export { isJournalOpen, openJournal, readJournal } from './journal.js';
export { fromLine } from './lines.js';
export { inTurn } from './turn.js';
