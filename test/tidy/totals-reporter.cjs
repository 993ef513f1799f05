// Mocha's `spec` reporter for `.ci/run`. It appends the run's totals, as one line of JSON, to the file that TEST_TOTALS
// names: what `.ci/run` adds up. A run that dies leaves no line, and that is a failure.
//
// A run that hangs in a test is ended, and one failure added: the name of what hangs would be lost if only a time-out
// ended it. A thread of its own looks after that, since a test may never let the event loop go round (hang-watch.cjs). A
// run that is through, and is kept alive by something that a test has left, is ended too, and what was left is printed.
const { appendFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout } = require('node:timers');
const { Worker } = require('node:worker_threads');
const Mocha = require('mocha');

const { EVENT_RUN_END, EVENT_HOOK_BEGIN, EVENT_TEST_BEGIN } = Mocha.Runner.constants;

/** For what the last tests have begun to end. */
const ENDS_AFTER_MS = 30_000;

module.exports = class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env.TEST_TOTALS;
    if (file === undefined) return;
    const totals = () => {
      const { passes, failures, pending } = this.stats;
      return { passed: passes, failed: failures, skipped: pending };
    };
    const watch = new Worker(join(module.path, 'hang-watch.cjs'), { workerData: { file } });
    watch.unref();
    const begins = (what) => watch.postMessage({ what, totals: totals() });
    runner.on(EVENT_HOOK_BEGIN, (hook) => begins(hook.fullTitle()));
    runner.on(EVENT_TEST_BEGIN, (test) => begins(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => {
      appendFileSync(file, `${JSON.stringify(totals())}\n`);
      begins('the end of all tests');
      // Comes only if something else keeps the process alive.
      setTimeout(() => {
        process.stdout.write(`\nLEFT BEHIND: ${process.getActiveResourcesInfo().join(' ')}\n`);
        process.exit(this.stats.failures > 0 ? 1 : 0);
      }, ENDS_AFTER_MS).unref();
    });
  }
};
