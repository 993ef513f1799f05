/**
 * A "tidb-server" that answers at once with bytes prepared beforehand, so that what lies before it is what is measured.
 * Any login is accepted. `SELECT` gives one row of one column, `narrow` a stream of 200 MB in rows of 95 bytes, anything
 * else the same in rows of 16 KB.
 * Run by relay.bench.ts in a process of its own.
 */
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { utf8 } from '../../src/base/bytes.js';
import { Capability } from '../../src/wire/capability.js';
import { printColumnDefinition } from '../../src/wire/column-definition.js';
import { printGreeting } from '../../src/wire/greeting.js';
import { OK_AS_EOF_HEADER, plainOk, printOk } from '../../src/wire/ok-packet.js';
import { PacketWriter, frame } from '../../src/wire/packet-writer.js';
import { printTextRow } from '../../src/wire/text-row.js';

const STREAM_BYTES = 200 * 1024 * 1024;
const STATUS = 2;

const greeting = frame(0, (out) =>
  printGreeting(
    {
      ...{ serverVersion: '8.0.11-bench', connectionId: 1, authData: utf8('12345678901234567890\0') },
      ...{ collation: 46, status: STATUS, authPlugin: 'mysql_native_password' },
      capabilities:
        Capability.protocol41 |
        Capability.secureConnection |
        Capability.pluginAuth |
        Capability.deprecateEof |
        Capability.connectWithDb,
    },
    out,
  ),
);
const loggedIn = frame(2, (out) => printOk(plainOk(STATUS), out));

const column = {
  ...{ schema: 'test', table: 't', orgTable: 't', name: 'v', orgName: 'v' },
  ...{ collation: 46, length: 400, type: 253, flags: 0, decimals: 0 },
};

function beginResult(): PacketWriter {
  return new PacketWriter(1, 1 << 16)
    .message((out) => out.u8(1))
    .message((out) => printColumnDefinition(column, out));
}

const endResult = (writer: PacketWriter): PacketWriter =>
  writer.message((out) => printOk(plainOk(STATUS), out, OK_AS_EOF_HEADER));

const point = endResult(beginResult().message((out) => printTextRow(['x'.repeat(60)], out))).take();

/** Rows whose count is a multiple of 256: after them sequence ids are where they were. */
function rowsOf(cellBytes: number, count: number): Uint8Array {
  const writer = new PacketWriter(3, 1 << 20);
  for (let i = 0; i < count; i++) writer.message((out) => printTextRow(['y'.repeat(cellBytes)], out));
  return writer.take();
}

const narrow = rowsOf(90, 2560);
const wide = rowsOf(16_000, 256);
const streamHead = beginResult().take();
const streamEnd = endResult(new PacketWriter(3)).take();

async function stream(socket: Socket, rows: Uint8Array): Promise<void> {
  socket.write(streamHead);
  for (let sent = 0; sent < STREAM_BYTES; sent += rows.length) {
    if (!socket.write(rows)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.write(streamEnd);
}

const server = createServer({ noDelay: true }, (socket) => {
  let isLoggedIn = false;
  socket.write(greeting);
  socket.on('error', () => socket.destroy());
  // Clients of the benchmark send one packet at a time, and it fits into a segment.
  socket.on('data', (chunk: Buffer) => {
    if (!isLoggedIn) {
      isLoggedIn = true;
      socket.write(loggedIn);
    } else if (chunk[4] === 1) {
      socket.end();
    } else if (chunk[5] === 0x53) {
      socket.write(point);
    } else {
      stream(socket, chunk[5] === 0x6e ? narrow : wide).catch(() => socket.destroy());
    }
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ port });
});
process.once('disconnect', () => process.exit());
