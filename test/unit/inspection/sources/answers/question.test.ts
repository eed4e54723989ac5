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
    assert.deepEqual(asked('It rains. Who came?\r\n\r\n👩‍👩‍👧 came.'), ['Who came?', '👩‍👩‍👧 came.', 'mark']);
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
