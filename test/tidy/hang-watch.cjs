// The thread that ends a hanging run of tests, and says in which test it hangs. See totals-reporter.cjs.
const { appendFileSync, writeSync } = require('node:fs');
const { clearTimeout, setTimeout } = require('node:timers');
const { parentPort, workerData } = require('node:worker_threads');

/** Longer than the longest time-out of a test. */
const HANGS_AFTER_MS = 11 * 60_000;
/** For a run that is over. */
const ENDS_AFTER_MS = 60_000;

let timer;

parentPort.on('message', ({ what, totals, isOver = false }) => {
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      writeSync(2, `\nHANGS: ${what}\n`);
      const counted = isOver
        ? { passed: 0, failed: 1, skipped: 0 }
        : { ...totals, failed: totals.failed + 1 };
      appendFileSync(workerData.file, `${JSON.stringify(counted)}\n`);
      process.kill(process.pid, 'SIGKILL');
    },
    isOver ? ENDS_AFTER_MS : HANGS_AFTER_MS,
  );
});
