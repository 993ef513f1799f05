import { expect } from 'chai';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { ExpectedAnswers } from '../../../src/wire/expected-answers.js';

describe('expected answers', () => {
  it('come in the order of the commands, with those who want to know', () => {
    const answers = new ExpectedAnswers();
    const told: number[] = [];
    for (let i = 0; i < 1000; i++)
      answers.push(i % 2 === 0 ? AnswerKind.result : AnswerKind.single, () => told.push(i));
    expect(answers.count).to.equal(1000);
    expect(answers.last).to.equal(AnswerKind.single);
    for (let i = 0; i < 1000; i++) {
      expect(answers.first).to.equal(i % 2 === 0 ? AnswerKind.result : AnswerKind.single);
      answers.shift()?.({ errno: 0, status: 0 });
    }
    expect(told).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i));
    expect([answers.count, answers.first, answers.last]).to.deep.equal([0, undefined, undefined]);
  });

  it('do not count commands without an answer, and pieces of long data only as a possibility', () => {
    const answers = new ExpectedAnswers();
    answers.push(AnswerKind.none);
    expect(answers.first).to.equal(undefined);
    for (let i = 0; i < 1000; i++) answers.push(AnswerKind.longData);
    answers.push(AnswerKind.result);
    expect(answers.count).to.equal(1);
    answers.shift();
    expect([answers.first, answers.count]).to.deep.equal([AnswerKind.result, 1]);
  });

  it('can change their form on the way', () => {
    const answers = new ExpectedAnswers();
    answers.push(AnswerKind.twice);
    answers.replaceFirst(AnswerKind.single);
    expect(answers.first).to.equal(AnswerKind.single);
  });
});
