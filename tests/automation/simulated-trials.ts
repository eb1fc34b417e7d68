/** Milliseconds of a job's lock, and between looks for lost ones, where tests are not to wait for the defaults. */
export const LOCK = 1500;
export const LOOK = 500;
