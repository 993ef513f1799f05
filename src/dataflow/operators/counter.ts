/** Counts what an operator without state of its own does. */
import type { OperatorCounters } from '../operator.js';

/** Rows in and out. */
export class RowCounter implements OperatorCounters {
  rowsIn = 0;
  rowsOut = 0;
  rowsTouched = 0;
  readonly stateRows = 0;
  readonly stateBytes = 0;
}
