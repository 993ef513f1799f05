import { expect } from 'chai';
import { NO_BYTES, concatBytes, utf8 } from '../../../../src/base/bytes.js';
import { SessionOrigin } from '../../../../src/proxy/move/session-origin.js';
import { Capability } from '../../../../src/wire/capability.js';
import { Command } from '../../../../src/wire/command.js';
import { type HandshakeResponse, printHandshakeResponse } from '../../../../src/wire/handshake-response.js';
import { frame } from '../../../../src/wire/packet-writer.js';

const AGREED = Capability.protocol41 | Capability.connectWithDb | Capability.connectAttributes;
const TOKEN = utf8('token');

function originOf(database: string | undefined, capabilities: number = AGREED): SessionOrigin {
  const response: HandshakeResponse = {
    ...{ capabilities, maxPacketBytes: 1234, collation: 8, user: 'ann', authData: NO_BYTES, database },
    ...{ authPlugin: undefined, attributes: [['program', 'p']], zstdLevel: undefined },
  };
  const payload = frame(1, (out) => printHandshakeResponse(response, out)).subarray(4);
  return new SessionOrigin({ capabilities, database, response: payload });
}

const command = (code: number, text: string): Uint8Array => concatBytes(Uint8Array.of(code), utf8(text));
const YES = { errno: 0, status: 2 };
const NO = { errno: 1049, status: 2 };

describe('the origin of a session', () => {
  it('logs in as the client did, with a token', () => {
    expect(originOf('db').responseWith('ann', TOKEN)).to.deep.include({
      ...{ user: 'ann', authData: TOKEN, authPlugin: 'tidb_session_token', database: 'db' },
      ...{ maxPacketBytes: 1234, collation: 8, attributes: [['program', 'p']] },
    });
  });

  it('has room for a long token, and no part that it does not name', () => {
    const { capabilities } = originOf(undefined).responseWith('ann', TOKEN);
    const wanted = Capability.pluginAuthLenencData | Capability.pluginAuth;
    expect(capabilities & wanted).to.equal(wanted);
    expect(capabilities & (Capability.connectWithDb | Capability.ssl)).to.equal(0);
    expect(originOf(undefined).capabilities).to.equal(AGREED);
  });

  it('follows the database that COM_RESET_CONNECTION goes back to', () => {
    const origin = originOf('first');
    const database = (): string | undefined => origin.responseWith('ann', TOKEN).database;
    origin.changeBy(command(Command.initDb, 'second'))?.(NO);
    expect(database()).to.equal('first');
    origin.changeBy(command(Command.initDb, 'second'))?.(YES);
    expect(database()).to.equal('second');
    origin.changeBy(command(Command.changeUser, 'bob\0\0third\0'))?.(YES);
    expect(database()).to.equal('third');
    origin.changeBy(command(Command.changeUser, 'bob\0\0\0'))?.(YES);
    expect(database()).to.equal(undefined);
    origin.changeBy(command(Command.changeUser, 'cut off'))?.(NO);
    expect(origin.changeBy(command(Command.resetConnection, ''))).to.equal(undefined);
  });

  it('follows COM_SET_OPTION', () => {
    const origin = originOf(undefined);
    const isOn = (): boolean => (origin.capabilities & Capability.multiStatements) !== 0;
    origin.changeBy(command(Command.setOption, '\0\0'))?.(NO);
    expect(isOn()).to.equal(false);
    origin.changeBy(command(Command.setOption, '\0\0'))?.(YES);
    expect(isOn()).to.equal(true);
    origin.changeBy(command(Command.setOption, '\x01\0'))?.(YES);
    expect(isOn()).to.equal(false);
  });
});
