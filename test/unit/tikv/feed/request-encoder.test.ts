import { expect } from 'chai';
import { fromHex, NO_BYTES } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { encodeDeregister, encodeRegister } from '../../../../src/tikv/feed/request-encoder.js';
import { decodeCdc } from './cdc-proto.js';

const registration = {
  clusterId: 7710511863034894912n,
  requestId: 7,
  region: { id: 20n, epoch: { confVer: 1n, version: 384n } },
  checkpoint: ts(470612697393135628n),
  start: fromHex('748000000000000' + '21d5f7200'),
  end: fromHex('7480000000000002' + '1d5f73'),
  filterLoop: false,
};

describe('encodeRegister', () => {
  it('says everything TiKV needs, in the encoding TiDB uses for bounds', () => {
    const decoded = decodeCdc('ChangeDataRequest', encodeRegister(registration));
    expect(decoded).to.deep.include({
      header: { cluster_id: '7710511863034894912', ticdc_version: '8.5.0' },
      region_id: '20',
      region_epoch: { conf_ver: '1', version: '384' },
      checkpoint_ts: '470612697393135628',
      request_id: '7',
      extra_op: 1,
      request: 'register',
      filter_loop: false,
    });
    expect(Buffer.from(decoded['start_key'] as Uint8Array).toString('hex')).to.equal(
      '7480000000000002ff1d5f720000000000fb',
    );
    expect(Buffer.from(decoded['end_key'] as Uint8Array).toString('hex')).to.equal(
      '7480000000000002ff1d5f730000000000fa',
    );
  });

  it('leaves an unbounded end out, and asks for loop filtering only if wanted', () => {
    const decoded = decodeCdc(
      'ChangeDataRequest',
      encodeRegister({ ...registration, end: NO_BYTES, filterLoop: true }),
    );
    expect(decoded['end_key']).to.have.length(0);
    expect(decoded['filter_loop']).to.equal(true);
  });
});

describe('encodeDeregister', () => {
  it('names the region and carries the header too', () => {
    expect(decodeCdc('ChangeDataRequest', encodeDeregister(5n, 9, 20n))).to.deep.include({
      header: { cluster_id: '5', ticdc_version: '8.5.0' },
      region_id: '20',
      request_id: '9',
      request: 'deregister',
    });
  });
});
