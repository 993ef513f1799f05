// The thread that ends a hanging run of tests, and says in which test it hangs. See totals-reporter.cjs.
const { appendFileSync, writeSync } = require('node:fs');
const { clearTimeout, setTimeout } = require('node:timers');
const { parentPort, workerData } = require('node:worker_threads');

/** Longer than the longest time-out of a test. */
const HANGS_AFTER_MS = 11 * 60_000;

let timer;

parentPort.on('message', ({ what, totals }) => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    writeSync(2, `\nHANGS: ${what}\n`);
    appendFileSync(workerData.file, `${JSON.stringify({ ...totals, failed: totals.failed + 1 })}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, HANGS_AFTER_MS);
});
