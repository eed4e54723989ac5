import assert from 'node:assert/strict';
import { changeOf, gatherText } from '../../src/text-change.js';

describe('A text that grows', () => {
  it('is told by what is new, also where its last character was half a character', () => {
    const texts = ['', ' a', ' a \ufffd', ' a 🦜', ' a 🦜', ' a 🦜 b'];
    const told: string[] = [];
    const gather = gatherText((text) => told.push(text));
    const changes = texts.slice(1).map((text, at) => changeOf(texts[at] ?? '', text));
    for (const text of changes) gather({ text });
    gather({});
    assert.deepEqual(told, texts.slice(1));
    assert.deepEqual(changes[1], { kept: 2, added: ' \ufffd' });
    assert.deepEqual(changes[2], { kept: 3, added: '🦜' });
  });

  it('travels in pieces that together are no longer than the text', () => {
    let before = '';
    let sent = 0;
    for (let at = 0; at < 500; at++) {
      const after = `${before} word${at}`;
      sent += changeOf(before, after).added.length;
      before = after;
    }
    assert.equal(sent, before.length);
  });
});
