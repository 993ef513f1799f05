import { expect } from 'chai';
import { readableTlsError } from '../../../src/proxy/tls-error.js';

const openssl = (reason: string): Error =>
  new Error(
    `80ACE12DBD7F0000:error:0A000418:SSL routines:ssl3_read_bytes:${reason}:../deps/openssl/ssl/rec_layer_s3.c:1601:SSL alert number 48\n`,
  );

describe('an error of TLS', () => {
  for (const alert of [
    'tlsv1 alert unknown ca',
    'tlsv13 alert certificate required',
    'sslv3 alert bad certificate',
    'sslv3 alert certificate expired',
  ]) {
    it(`is told by its reason, and by what it wants of us: ${alert}`, () => {
      const error = openssl(alert);
      const told = readableTlsError(error);
      expect(told.message).to.equal(
        `TLS failed: ${alert} (it wants a certificate, or another one, from TiView)`,
      );
      expect(told.cause).to.equal(error);
    });
  }

  it('is told by its reason where that has nothing to do with certificates', () => {
    expect(readableTlsError(openssl('wrong version number')).message).to.equal(
      'TLS failed: wrong version number',
    );
  });

  it('stays as it is when it is not of OpenSSL', () => {
    const error = new Error('read ECONNRESET');
    expect(readableTlsError(error)).to.equal(error);
  });
});
