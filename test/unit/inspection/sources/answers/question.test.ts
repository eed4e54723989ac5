import assert from 'node:assert/strict';
import { splitQuestion } from '../../../../../src/inspection/sources/answers/question.js';

describe('A question in a text', () => {
  const asked = (text: string): readonly string[] | undefined => {
    const found = splitQuestion(text);
    if (found === undefined) return undefined;
    const { question, questionAt, context, contextAt } = found;
    assert.equal(text.slice(questionAt, questionAt + question.length), question);
    assert.equal(text.slice(contextAt, contextAt + context.length), context);
    return [question, context, found.by];
  };

  it('is the first sentence that ends with a question mark; what comes after it answers', () => {
    assert.deepEqual(asked('Who came? Ada came.'), ['Who came?', 'Ada came.', 'mark']);
    assert.deepEqual(asked('# It\nWho came?” \nAda came? No.'), ['Who came?”', 'Ada came? No.', 'mark']);
    assert.deepEqual(asked('It rains. Who came? 👩‍👩‍👧 came.'), ['Who came?', '👩‍👩‍👧 came.', 'mark']);
  });

  it('is all of a line that ends with the question mark', () => {
    assert.deepEqual(asked('It rains. Who came?\r\n\r\n👩‍👩‍👧 came.'), [
      'It rains. Who came?',
      '👩‍👩‍👧 came.',
      'mark',
    ]);
    assert.deepEqual(asked('Who is M. A. Smith of the St. John Co. in D.C.?\nHe is a cook.'), [
      'Who is M. A. Smith of the St. John Co. in D.C.?',
      'He is a cook.',
      'mark',
    ]);
    assert.deepEqual(asked('Ada came. Bob left.\nIt rained! Who left?'), [
      'It rained! Who left?',
      'Ada came. Bob left.',
      'mark',
    ]);
  });

  it('is not cut behind an abbreviation, a number or an initial', () => {
    for (const question of [
      'When did Dr. King speak?',
      'What did Mr. and Mrs. Smith vs. Jones Inc. decide?',
      'When did the U.S. Army land?',
      'Was it 5 p.m. EST in Washington, D.C. when J. R. R. Tolkien, Ph.D. Oxon., called?',
      'What is (e.g. here) the St. Lawrence?',
      'Was geschah am 3. Oktober z.B. in Berlin?',
      'Wann kam Prof. Weiß?',
      'Qui est M. Dupont?',
    ]) {
      assert.deepEqual(asked(`${question} It was in 1963.`), [question, 'It was in 1963.', 'mark'], question);
      assert.deepEqual(
        asked(`It rained. ${question} It was so.`),
        [question, 'It was so.', 'mark'],
        question,
      );
    }
  });

  it('begins behind an abbreviation where a question word follows, and behind what only looks like one', () => {
    assert.deepEqual(asked('He lived in the U.S. Where was he born? In Rome.'), [
      'Where was he born?',
      'In Rome.',
      'mark',
    ]);
    assert.deepEqual(asked('He came by car. Who came? He did.'), ['Who came?', 'He did.', 'mark']);
    // What is uncertain stays uncut.
    assert.deepEqual(asked('He met Dr. Who came? Ada.'), ['He met Dr. Who came?', 'Ada.', 'mark']);
  });

  it('is answered by what comes before where nothing comes after', () => {
    assert.deepEqual(asked('Ada came. Then who left?\n'), ['Then who left?', 'Ada came.', 'mark']);
    assert.equal(splitQuestion('Ada came. Then who left?')?.isBefore, true);
  });

  it('is known by the marks of other scripts, which need no blank behind them', () => {
    assert.deepEqual(asked('谁来了？阿达来了。'), ['谁来了？', '阿达来了。', 'mark']);
    assert.deepEqual(asked('下雨了。「谁来了？」阿达。'), ['「谁来了？」', '阿达。', 'mark']);
    assert.deepEqual(asked('من جاء؟ جاءت آدا.'), ['من جاء؟', 'جاءت آدا.', 'mark']);
  });

  it('is the first line where no sentence ends with a question mark', () => {
    assert.deepEqual(asked('\n  who came\n\nAda came.\nBob left.'), [
      'who came',
      'Ada came.\nBob left.',
      'line',
    ]);
    assert.deepEqual(asked('See https://a.b/?c=d\nAda came.'), ['See https://a.b/?c=d', 'Ada came.', 'line']);
  });

  it('is none where there is nothing beside it', () => {
    for (const text of ['Who?', ' ? ', 'One line.', 'One line.\n \n', '', '\n\n']) {
      assert.equal(asked(text), undefined, text);
    }
  });
});
