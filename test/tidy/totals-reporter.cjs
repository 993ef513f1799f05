// Mocha's `spec` reporter that also appends its totals, as one line of JSON, to the file that TEST_TOTALS names: what
// `.ci/run` adds up. Totals are written when the run has ended; a run that dies leaves no line, and that is a failure.
const { appendFileSync } = require('node:fs');
const Mocha = require('mocha');

module.exports = class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env.TEST_TOTALS;
    if (file === undefined) return;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
    });
  }
};
