import { Stopped } from '../../base/index.js';

/** What a trial is told that waited for others of its wave which will not come: it is to be run again another time. */
export class CutOff extends Stopped {
  constructor() {
    super('The study was stopped while a trial waited for the others of its wave');
  }
}
