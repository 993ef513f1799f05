/** The embedded cluster in the test's own process, so that tests can do things to it. */
import { silent } from '../../../src/base/telemetry.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { type EmbeddedCluster, startEmbedded } from '../../../src/embedded/start-embedded.js';

/** Starts one. A crash of its background work ends the test process. */
export function startWholeCluster(): Promise<EmbeddedCluster> {
  const runtime = systemRuntime((task, error) => {
    throw new Error(`${task} has failed`, { cause: error });
  });
  return startEmbedded({ runtime, telemetry: silent }, new AbortController().signal);
}
