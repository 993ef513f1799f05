import { expect } from 'chai';
import { concatBytes } from '../../../src/base/bytes.js';
import { CompressedStage } from '../../../src/proxy/compressed-stage.js';
import { CompressedClientLeg } from '../../../src/wire/compressed-client-leg.js';
import { printFrame } from '../../../src/wire/compressed-frame.js';
import { framePayload } from '../../../src/wire/packet-writer.js';

/** A command in a frame of its own. */
const command = (text: number): Uint8Array => printFrame(0, framePayload(0, Uint8Array.of(text)));

describe('what lies between a compressed socket and its session', () => {
  function build(received: (text: number, stage: CompressedStage) => void): {
    stage: CompressedStage;
    failures: Error[];
  } {
    const failures: Error[] = [];
    const stage: CompressedStage = new CompressedStage(
      new CompressedClientLeg(),
      (contents) => received(contents[4] ?? -1, stage),
      (error) => failures.push(error),
    );
    return { stage, failures };
  }

  it('unpacks no further while the session has paused', () => {
    const texts: number[] = [];
    const { stage } = build((text, self) => {
      texts.push(text);
      self.pause();
    });
    stage.receive(concatBytes(command(1), command(2), command(3)));
    expect(texts).to.deep.equal([1]);
    stage.receive(command(4));
    expect(texts).to.deep.equal([1]);
    expect(stage.resume()).to.equal(false);
    expect(texts).to.deep.equal([1, 2]);
    expect([stage.resume(), stage.resume()]).to.deep.equal([false, false]);
    expect(stage.resume()).to.equal(true);
    expect(texts).to.deep.equal([1, 2, 3, 4]);
  });

  it('gives everything in order when the session resumes in the middle', () => {
    const texts: number[] = [];
    const { stage } = build((text, self) => {
      self.pause();
      self.resume();
      texts.push(text);
    });
    stage.receive(concatBytes(command(1), command(2), command(3)));
    expect(texts).to.deep.equal([1, 2, 3]);
  });

  it('fails once', () => {
    const { stage, failures } = build(() => undefined);
    const broken = printFrame(0, new Uint8Array(1000));
    broken.fill(0xff, 7);
    stage.receive(broken);
    stage.receive(broken);
    expect(failures.map(({ message }) => message)).to.have.length(1);
    expect(failures[0]?.message).to.match(/cannot be unpacked/);
  });
});
