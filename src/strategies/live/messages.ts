/** How many of a run's latest messages are kept for those who look on. */
export const MESSAGES = 200;
