/**
 * The least that a relay in Node does: two sockets, read past their streams into one buffer, copied and written. It knows
 * nothing of MySQL, holds nobody back, and has no errors to tell. What the relay costs beyond it is TiView's own.
 * Run by relay.bench.ts in a process of its own; its argument is the server, `host:port`.
 */
import { type AddressInfo, connect, createServer } from 'node:net';
import { readInto } from '../../src/proxy/node-internals.js';

const [host = '', port = ''] = (process.argv[2] ?? '').split(':');
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const copied = (length: number): Buffer => {
  const copy = Buffer.allocUnsafe(length);
  copy.set(shared.subarray(0, length));
  return copy;
};

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const callback = (length: number): boolean => {
    client.write(copied(length));
    return true;
  };
  const backend = connect({ host, port: Number(port), noDelay: true, onread: { buffer: shared, callback } });
  readInto(client, shared, (length) => {
    backend.write(copied(length));
    return true;
  });
  client.resume();
  for (const [one, other] of [
    [client, backend],
    [backend, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('end', () => other.end());
  }
});

server.listen(0, '127.0.0.1', () => {
  const { port: listening } = server.address() as AddressInfo;
  process.send?.({ port: listening });
});
process.once('disconnect', () => process.exit());
