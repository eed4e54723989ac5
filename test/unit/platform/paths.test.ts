import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { posixPaths } from '../../../src/platform/paths.js';

const paths = [
  ...[
    '',
    '/',
    '//',
    '.',
    '..',
    '/.',
    '/..',
    'a',
    '/a',
    'a/',
    '/a/',
    '//a//b//',
    'a/b/c',
    '/a/b/c.txt',
    'a\\b',
  ],
  ...[
    './a',
    '../a',
    '../../a/b',
    'a/..',
    'a/../..',
    '/a/../..',
    'a/./b',
    '/a/b/../c/',
    'a//b/../../..',
    '...',
    '/a/.b',
  ],
];

describe('Paths for where there is no Node', () => {
  it('are those of node:path on POSIX', () => {
    for (const path of paths) {
      assert.equal(posixPaths.basename(path), posix.basename(path), `basename of “${path}”`);
      // Where separators stand in a row, Node keeps some of them.
      const plain = posix.normalize(path);
      assert.equal(posixPaths.dirname(plain), posix.dirname(plain), `dirname of “${plain}”`);
      assert.equal(posixPaths.normalize(path), posix.normalize(path), `normalize of “${path}”`);
      assert.equal(posixPaths.isAbsolute(path), posix.isAbsolute(path), `isAbsolute of “${path}”`);
      assert.equal(posixPaths.resolve(path), posix.resolve('/', path), `resolve of “${path}”`);
      for (const other of paths) {
        const joined = posix.join(path, other, 'end');
        assert.equal(posixPaths.join(path, other, 'end'), joined, `join of “${path}” and “${other}”`);
      }
    }
  });
});
