import { expect } from 'chai';
import { fromHex, utf8 } from '../../../src/base/bytes.js';
import { asksForPassword, isPasswordPlugin } from '../../../src/wire/password-request.js';

describe('a request for the password itself', () => {
  it('is the full authentication of caching_sha2_password, and a switch to a plugin of clear text', () => {
    const asking = [
      fromHex('0104'),
      Uint8Array.of(0xfe, ...utf8('mysql_clear_password\0')),
      Uint8Array.of(0x02, ...utf8('mysql_clear_password\0')),
      Uint8Array.of(0xfe, ...utf8('tidb_auth_token')),
    ];
    for (const payload of asking) expect(asksForPassword(payload), String(payload)).to.equal(true);
  });

  it('is nothing else', () => {
    const others = [
      ...['', '00', '0103', '01', 'ff1504', 'fe'].map(fromHex),
      Uint8Array.of(0xfe, ...utf8('caching_sha2_password\0salt')),
      Uint8Array.of(0xfe, ...utf8('authentication_ldap_sasl_client\0SCRAM-SHA-256\0')),
      Uint8Array.of(0xfe, ...utf8('mysql_clear_passwords\0')),
      Uint8Array.of(0x01, ...utf8('mysql_clear_password\0')),
    ];
    for (const payload of others) expect(asksForPassword(payload), String(payload)).to.equal(false);
    expect(isPasswordPlugin(undefined)).to.equal(false);
    expect(isPasswordPlugin('authentication_ldap_sasl_client')).to.equal(false);
    expect(isPasswordPlugin('mysql_native_password')).to.equal(false);
  });
});
