import assert from 'node:assert/strict';
import { imageLinks, onlyImageLink } from '../../../../src/host/media/image-links.js';

describe('The images that a text names', () => {
  const targets = (text: string): string[] => imageLinks(text).map(({ target }) => target);

  it('are found as Markdown, HTML and notes write them', () => {
    assert.deepEqual(targets('See ![a scene](scenes/one.png) and ![](two.jpg "Two").'), [
      'scenes/one.png',
      'two.jpg',
    ]);
    assert.deepEqual(targets('![x](<a b (c).png>) ![y](a_(b).png)'), ['a b (c).png', 'a_(b).png']);
    assert.deepEqual(targets('<img alt="a > b" src="one.png">'), []);
    assert.deepEqual(targets(`<p><img width=3 src='one.png' alt="x"/></p>`), ['one.png']);
    assert.deepEqual(targets('![[notes/one.png|200]]'), ['notes/one.png']);
    assert.deepEqual(targets('[a link](one.png), `code`, ![unfinished](one.png'), []);
  });

  it('come in the order of the text, with their places', () => {
    const text = '<img src="a.png"> ![](b.png)';
    assert.deepEqual(
      imageLinks(text).map(({ start, end }) => text.slice(start, end)),
      ['<img src="a.png">', '![](b.png)'],
    );
  });

  it('are all that a text is about only where nothing stands beside one', () => {
    assert.equal(onlyImageLink('  ![a](b.png)\n')?.target, 'b.png');
    assert.equal(onlyImageLink('A word ![a](b.png)'), undefined);
    assert.equal(onlyImageLink('![a](b.png) ![c](d.png)'), undefined);
    assert.equal(onlyImageLink('The cat sat.'), undefined);
  });

  it('are looked for in time that grows with the text', () => {
    const hostile = ['![', '![](', '<img ', '![[', '![a](b(c', '![a](<'].map((each) => each.repeat(20_000));
    for (const text of hostile) assert.deepEqual(targets(text), []);
  });
});
