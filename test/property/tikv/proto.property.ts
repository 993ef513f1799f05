import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { messageCodec } from '../../../src/tikv/proto.js';
import type { CheckTxnStatusRequest, Context, PrewriteRequest } from '../../../src/tikv/proto-types.js';
import type { Timestamp } from '../../../src/tikv/pd/pd-types.js';

const u64 = fc.oneof(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), fc.bigInt(0n, 300n), fc.constant(1n << 63n));
const i64 = fc.bigInt(-(1n << 63n), (1n << 63n) - 1n);

describe('tikv/proto', () => {
  it('gives back every unsigned 64-bit number', () => {
    const codec = messageCodec<CheckTxnStatusRequest>('kvrpcpb.CheckTxnStatusRequest');
    fc.assert(
      fc.property(u64, u64, (lockTs, currentTs) => {
        const decoded = codec.decode(codec.encode({ lockTs, currentTs }));
        expect(decoded.lockTs).to.equal(lockTs);
        expect(decoded.currentTs).to.equal(currentTs);
        expect(decoded.callerStartTs).to.equal(0n);
      }),
    );
  });

  it('gives back every signed 64-bit number', () => {
    const codec = messageCodec<Timestamp>('pdpb.Timestamp');
    fc.assert(
      fc.property(i64, i64, (physical, logical) => {
        const decoded = codec.decode(codec.encode({ physical, logical }));
        expect(decoded.physical).to.equal(physical);
        expect(decoded.logical).to.equal(logical);
      }),
    );
  });

  it('gives back packed lists of 64-bit numbers', () => {
    const codec = messageCodec<Context>('kvrpcpb.Context');
    fc.assert(
      fc.property(fc.array(u64), (resolvedLocks) => {
        expect([...codec.decode(codec.encode({ resolvedLocks })).resolvedLocks]).to.deep.equal(resolvedLocks);
      }),
    );
  });

  it('gives back nested messages with bytes', () => {
    const codec = messageCodec<PrewriteRequest>('kvrpcpb.PrewriteRequest');
    const mutation = fc.record({
      op: fc.constantFrom(0, 1, 2),
      key: fc.uint8Array({ maxLength: 40 }),
      value: fc.uint8Array({ maxLength: 300 }),
      assertion: fc.constantFrom(0, 1, 2),
    });
    fc.assert(
      fc.property(fc.array(mutation), u64, (mutations, startVersion) => {
        const decoded = codec.decode(codec.encode({ mutations, startVersion }));
        expect(decoded.startVersion).to.equal(startVersion);
        expect(decoded.context).to.equal(null);
        expect(decoded.mutations.map((m) => [m.op, toHex(m.key), toHex(m.value), m.assertion])).to.deep.equal(
          mutations.map((m) => [m.op, toHex(m.key), toHex(m.value), m.assertion]),
        );
      }),
    );
  });

  it('writes what protobuf says: 300 in field 2 is 10 ac 02', () => {
    const codec = messageCodec<Timestamp>('pdpb.Timestamp');
    expect(toHex(codec.encode({ logical: 300n }))).to.equal('10ac02');
    expect(codec.decode(fromHex('10ac02')).logical).to.equal(300n);
  });

  it('refuses a number where a bigint belongs', () => {
    const codec = messageCodec<Timestamp>('pdpb.Timestamp');
    expect(() => codec.encode({ logical: 300 as unknown as bigint })).to.throw('not a bigint');
  });

  it('skips fields that it does not know', () => {
    const codec = messageCodec<Timestamp>('pdpb.Timestamp');
    expect(codec.decode(fromHex('fa3e03616263' + '10ac02')).logical).to.equal(300n);
  });

  it('throws on a message that is cut off', () => {
    const codec = messageCodec<Timestamp>('pdpb.Timestamp');
    expect(() => codec.decode(fromHex('10ac'))).to.throw();
  });
});
