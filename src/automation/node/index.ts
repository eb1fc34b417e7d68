export { openJournal, readJournal } from './journal.js';
