// SIGHUP while clients work: other certificates and settings, and no connection is dropped.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { expect } from 'chai';
import selfsigned from 'selfsigned';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { makeFiles } from './harness.js';

const WITHIN_MS = 20_000;

async function certificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const pems = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}

for (const workers of [1, 2]) {
  describe(`SIGHUP with ${workers === 1 ? 'one front end' : 'two front ends'}`, () => {
    let rig: Rig;
    let tiview: TiView;
    let folder: string;
    let first: Awaited<ReturnType<typeof certificate>>;
    let second: typeof first;

    const file = (name: string): string => join(folder, name);
    const write = ({ cert, key }: typeof first): void => {
      writeFileSync(file('cert.pem'), cert);
      writeFileSync(file('key.pem'), key);
    };
    const settings = (...lines: string[]): void =>
      writeFileSync(
        file('tiview.toml'),
        [
          `workers = ${workers}`,
          `tls-cert = "${file('cert.pem')}"`,
          `tls-key = "${file('key.pem')}"`,
          `audit-log = "${file('audit.log')}"`,
          ...lines,
        ].join('\n'),
      );
    const connect = (ca?: string): Promise<Connection> =>
      createConnection({
        ...{ host: '127.0.0.1', port: tiview.port, user: 'root' },
        ...(ca === undefined ? {} : { ssl: { ca } }),
      });
    const isTrusted = async (ca: string): Promise<boolean> => {
      const connection = await connect(ca).catch(() => undefined);
      await connection?.end();
      return connection !== undefined;
    };

    /** Has the settings read again; what the log says of it. */
    async function reload(): Promise<string> {
      const { length } = tiview.log;
      tiview.send('SIGHUP');
      const { value } = await until('the settings were read', WITHIN_MS, () =>
        Promise.resolve(/.*(was read again|cannot be used).*/.exec(tiview.log.slice(length))?.[0]),
      );
      return value;
    }

    before(async () => {
      folder = makeFiles();
      [first, second] = await Promise.all([certificate(), certificate()]);
      write(first);
      settings();
      rig = await startRig();
      tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--config', file('tiview.toml')] });
    });

    after(async () => {
      await tiview.kill();
      await rig.stop();
    });

    it('takes a new certificate for clients to come, and drops nobody', async () => {
      const connections = await Promise.all([connect(), connect(), connect(first.cert), connect(first.cert)]);
      const failures: unknown[] = [];
      let queries = 0;
      let isOver = false;
      const load = connections.map(async (connection) => {
        while (!isOver) {
          await connection.query('select 1').then(
            () => queries++,
            (error: unknown) => {
              failures.push(error);
              isOver = true;
            },
          );
        }
      });
      await connections[0].query('begin');
      expect(await isTrusted(second.cert)).to.equal(false);
      write(second);
      expect(await reload()).to.match(/"taken":"clientTls","needsRestart":""/);
      // Each front end is told by itself.
      await until('all show the new certificate', WITHIN_MS, async () => {
        const seen = await Promise.all(Array.from({ length: 8 }, () => isTrusted(second.cert)));
        return seen.every(Boolean) || undefined;
      });
      expect(await isTrusted(first.cert)).to.equal(false);
      const before = queries;
      await until('the old ones go on', WITHIN_MS, () =>
        Promise.resolve(queries > before + 100 || undefined),
      );
      isOver = true;
      await Promise.all(load);
      expect(failures).to.deep.equal([]);
      for (const connection of connections) await connection.end();
    });

    it('changes nothing when the certificate cannot be used, or the file is wrong', async () => {
      copyFileSync(file('rows.tsv'), file('cert.pem'));
      expect(await reload()).to.match(/cannot be used; nothing is changed/);
      expect(await isTrusted(second.cert)).to.equal(true);
      write(second);
      settings('log-level = "loud"');
      expect(await reload()).to.match(/log-level in .*'loud' is not one of/);
      settings('nonsense = 1');
      expect(await reload()).to.match(/nonsense: unknown key/);
      expect(await isTrusted(second.cert)).to.equal(true);
    });

    it('opens the audit log anew when it was renamed, even if the settings are wrong', async () => {
      const logins = (name: string): number =>
        existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('"event":"login"').length - 1 : 0;
      const login = async (): Promise<void> => {
        await (await connect()).end();
      };
      const before = logins('audit.log');
      await login();
      await until('it is written down', WITHIN_MS, () =>
        Promise.resolve(logins('audit.log') > before || undefined),
      );
      renameSync(file('audit.log'), file('audit.log.1'));
      settings('nonsense = 1');
      expect(await reload()).to.match(/cannot be used; nothing is changed/);
      // Each front end is told by itself.
      await until('all write to the new one', WITHIN_MS, async () => {
        const old = logins('audit.log.1');
        const fresh = logins('audit.log');
        for (let i = 0; i < 8; i++) await login();
        await until('all are written down', WITHIN_MS, () =>
          Promise.resolve(logins('audit.log.1') + logins('audit.log') === old + fresh + 8 || undefined),
        );
        return logins('audit.log') === fresh + 8 || undefined;
      });
      settings();
    });

    it('says what was taken, and what needs a restart', async () => {
      settings('log-level = "debug"', 'schema = "other"', 'drain-timeout = 500');
      expect(await reload()).to.match(/"taken":"drain-timeout, log-level","needsRestart":"schema"/);
      const { length } = tiview.log;
      await (await connect()).end();
      await until('sessions are logged', WITHIN_MS, () =>
        Promise.resolve(tiview.log.slice(length).includes('session ends') || undefined),
      );
    });
  });
}
