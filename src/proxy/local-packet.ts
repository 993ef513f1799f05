/** The answers of ours that are one packet. */
import { plainOk, printOk } from '../wire/ok-packet.js';
import { frame } from '../wire/packet-writer.js';
import { printPrepareOk } from '../wire/prepare-ok.js';
import { framedErr } from './error-map.js';
import type { LocalAction } from './statement-router.js';

/** @param status - the session's flags. */
export function localPacket(
  action: Exclude<LocalAction, { kind: 'run' }>,
  sequence: number,
  status: number,
): Uint8Array {
  switch (action.kind) {
    case 'error':
      return framedErr(sequence, action.error);
    case 'ok':
      return frame(sequence, (out) => printOk(plainOk(status), out));
    case 'prepared': {
      const { statementId } = action;
      const ok = { statementId, columnCount: 0, parameterCount: 0, warnings: 0 };
      return frame(sequence, (out) => printPrepareOk(ok, out));
    }
  }
}
