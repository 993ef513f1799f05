/** TLS towards clients and towards tidb-servers. */
import { type SecureContext, createSecureContext } from 'node:tls';

/** TLS that is offered to clients. */
export interface ClientTls {
  /** PEM: the certificate and those that lead from it to a root. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** PEM: clients are asked for a certificate, and one that they give must lead to one of these; undefined: not asked. */
  readonly ca?: string;
}

/** The same, parsed: how the socket of a client is made a secure one. */
export interface ClientTlsContext {
  readonly secureContext: SecureContext;
  /** Whether clients are asked for a certificate. */
  readonly requestCert: boolean;
}

/** TLS that is demanded of tidb-servers. */
export interface BackendTls {
  /** PEM: roots that are trusted; undefined: Node's own. */
  readonly ca?: string;
  /** PEM: a certificate of ours, for servers that ask for one. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  /** The name that the server's certificate must bear; undefined: the host connected to. */
  readonly serverName?: string;
}

/** TLS of tidb-servers' status ports: that of the cluster's inside, as of PD and TiKV. */
export interface StatusTls {
  /** PEM: roots that are trusted. */
  readonly ca: string;
  /** PEM: a certificate of ours. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
}

/** Parses certificates and key once, not for each client. @throws when they are no PEM, or do not match. */
export function clientTlsContext({ cert, key, ca }: ClientTls): ClientTlsContext {
  const secureContext = createSecureContext({
    cert,
    key,
    ...(ca !== undefined && { ca }),
    minVersion: 'TLSv1.2',
    // Where certificates are asked for, OpenSSL resumes no session, and fails instead, that is not marked as its user's.
    sessionIdContext: 'tiview',
  });
  return { secureContext, requestCert: ca !== undefined };
}
