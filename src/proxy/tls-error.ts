/**
 * What breaks TLS, in words for people: OpenSSL's own are a line of codes and of places in its sources. A server that
 * does not take our certificate says so by an alert, which is all that is ever known of it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8446#section-6.2
 */

/** Alerts about the certificate that we have shown, or not shown; of TLS 1.2 too, by OpenSSL's names. */
const CERTIFICATE_ALERT = /alert (?:bad certificate|unsupported certificate|certificate \w+|unknown ca)$/;

/** An error of a socket, told as people can use it; what does not come from OpenSSL stays as it is. */
export function readableTlsError(error: Error): Error {
  const reason = /:SSL routines:[^:]*:([^:\n]+)/.exec(error.message)?.[1];
  if (reason === undefined) return error;
  const hint = CERTIFICATE_ALERT.test(reason) ? ' (it wants a certificate, or another one, from TiView)' : '';
  return new Error(`TLS failed: ${reason}${hint}`, { cause: error });
}
