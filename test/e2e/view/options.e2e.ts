/** Options that reach into the cluster. */
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { startTiView } from '../../support/tiview.js';

describe('options', () => {
  let rig: Rig;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 1000 });
  });

  after(async () => {
    await rig.stop();
  });

  it('set the interval of the resolved ts only when told to', async () => {
    const interval = async (): Promise<string | undefined> => {
      await using tiview = await startTiView({ tidbPort: rig.mysqlPort });
      await using client = await tiview.connect();
      const rows = await client.rows("show config where type = 'tikv' and name = 'cdc.min-ts-interval'");
      return rows[0]?.at(-1) ?? undefined;
    };
    const before = await interval();
    await using tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--set-cdc-interval', '40'] });
    expect(tiview.log).contain('cdc.min-ts-interval');
    const after = await interval();
    expect([before, after]).deep.equal(['1s', '40ms']);
  });
});
