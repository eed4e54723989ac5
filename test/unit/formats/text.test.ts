import assert from 'node:assert/strict';
import { openTensors, tokensBeside } from '../../../src/formats/index.js';
import { FormatError, fromBytes, type ByteSource } from '../../../src/formats/source.js';
import { readAll } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

function text(name: string, content: string): ByteSource {
  return fromBytes(name, new TextEncoder().encode(content));
}

/** The one matrix of a file, as rows, with the labels. */
async function matrixOf(name: string, content: string) {
  const { tensors, tokens } = await openTensors(platform, text(name, content));
  assert.equal(tensors.length, 1);
  const [tensor] = tensors;
  assert.ok(tensor);
  const data = await readAll(tensor);
  const [rows = 0, columns = 0] = tensor.shape;
  return {
    name: tensor.name,
    rows: Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]),
    tokens,
  };
}

async function refuses(name: string, content: string, message: RegExp): Promise<void> {
  await assert.rejects(openTensors(platform, text(name, content)), (error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

const rows = [
  [1, 2],
  [3, 4],
];

describe('csv and tsv', function () {
  // Millions of cells are parsed below, perhaps on a slow machine.
  this.timeout(20_000);

  it('read plain numbers', async () => {
    const matrix = await matrixOf('weights.v2.csv', '1,2\n3,4\n');
    assert.deepEqual(matrix, { name: 'weights.v2', rows, tokens: undefined });
  });

  it('read a byte order mark, Windows line ends, quotes, spaces, exponents and empty lines', async () => {
    assert.deepEqual((await matrixOf('a.csv', '\ufeff1, "2"\r\n\r\n+3.0,.4e1\r\n')).rows, rows);
  });

  it('take a first row of words as labels of the columns', async () => {
    const { tokens, rows: numbers } = await matrixOf('a.csv', 'the,"cat, sat"\n1,2\n3,4');
    assert.deepEqual(numbers, rows);
    assert.deepEqual(tokens, { key: ['the', 'cat, sat'] });
  });

  it('take a first column of words as labels of the rows', async () => {
    const { tokens, rows: numbers } = await matrixOf('a.tsv', 'the\t1\t2\ncat\t3\t4\n');
    assert.deepEqual(numbers, rows);
    assert.deepEqual(tokens, { query: ['the', 'cat'] });
  });

  it('take no numbers with marks between thousands for labels, unless they stand among words', async () => {
    for (const text of [
      '1.234,5;2.000,0\n3.100,0;4,0\n5.200,1;6,5\n',
      '"1,234.5","2,000.0"\n"3,000.0","4.0"\n',
      '1.234,5;2.000,0\n3,0;4,0\n',
      "1'234.5\t2\n3\t4\n",
      '1.234.567\n2\n',
    ]) {
      await assert.rejects(
        matrixOf('a.csv', text),
        /has marks between its thousands, which are not read: write/,
      );
    }
    const { tokens } = await matrixOf('a.tsv', 'it\tcosts\t1,234.5\n1\t2\t3\n4\t5\t6\n');
    assert.deepEqual(tokens, { key: ['it', 'costs', '1,234.5'] });
  });

  it('take both, with any corner or none', async () => {
    for (const corner of ['\t', 'token\t', '']) {
      const { tokens, rows: numbers } = await matrixOf('a.tsv', `${corner}the\tcat\nthe\t1\t2\ncat\t3\t4\n`);
      assert.deepEqual(numbers, rows);
      assert.deepEqual(tokens, { query: ['the', 'cat'], key: ['the', 'cat'] });
    }
  });

  it('take the numbered header and index that pandas writes', async () => {
    const { tokens, rows: numbers } = await matrixOf('a.csv', ',0,1\n0,1.0,2.0\n1,3.0,4.0\n');
    assert.deepEqual(numbers, rows);
    assert.deepEqual(tokens, { query: ['0', '1'], key: ['0', '1'] });
  });

  it('keep tokens that are quotation marks, numbers or spaces', async () => {
    const { tokens } = await matrixOf('a.tsv', '\t"\t1998\t cat\n"\t1\t2\t3\n');
    assert.deepEqual(tokens, { query: ['"'], key: ['"', '1998', ' cat'] });
  });

  it('read one column, one row, one number', async () => {
    assert.deepEqual((await matrixOf('a.csv', '1\n2\n')).rows, [[1], [2]]);
    assert.deepEqual((await matrixOf('a.csv', 'weight\n1\n2\n')).rows, [[1], [2]]);
    assert.deepEqual((await matrixOf('a.csv', '1,2')).rows, [[1, 2]]);
    assert.deepEqual((await matrixOf('a.csv', '7')).rows, [[7]]);
  });

  it('refuse what is no number, naming line and column', async () => {
    await refuses('a.csv', '1,2\n3,x\n', /^a\.csv: line 2, column 2 is "x", not a number\.$/);
    await refuses('a.csv', 'the,cat\n\n1,\n', /line 3, column 2 is empty/);
    await refuses('a.csv', '1,2\n3,0x10\n', /line 2, column 2 is "0x10"/);
    await refuses('a.tsv', '1\t2\n3\t<b>&\n', /line 2, column 2 is "<b>&"/);
  });

  it('take no row of numbers for labels where one of them is missing', async () => {
    for (const word of ['NA', 'N/A', 'null', '-'])
      await refuses('a.csv', `0.4,${word}\n0.5,0.5\n`, /line 1, column 2 is ".+", not a number/);
    const said = async (content: string): Promise<string> =>
      (await openTensors(platform, text('a.csv', content))).notices?.join(' ') ?? '';
    // Among words, a number may be a token, and so may the marks for what is missing.
    for (const header of ['a,3.14,c', 'NA,b,-']) {
      assert.equal(await said(`${header}\n0.1,0.4,0.5\n`), '');
      assert.deepEqual((await matrixOf('a.csv', `${header}\n0.1,0.4,0.5\n`)).tokens?.key, header.split(','));
    }
  });

  it('say where an empty line or a comment stands between matrices', async () => {
    const said = async (content: string): Promise<string> =>
      (await openTensors(platform, text('a.csv', content))).notices?.join(' ') ?? '';
    assert.match(
      await said('1,2\n3,4\n\n5,6\n7,8\n'),
      /behind line 2, as between matrices: 2 parts were read as one/,
    );
    // As numpy.savetxt writes slice after slice.
    assert.match(
      await said('# Array shape: (2, 2, 2)\n1,2\n3,4\n# New slice\n5,6\n7,8\n'),
      /behind line 3.*2 parts/,
    );
    for (const plain of ['1,2\n\n3,4\n\n5,6\n', 'a,b\n\n1,2\n3,4\n', '# made by hand\n1,2\n3,4\n\n'])
      assert.doesNotMatch(await said(plain), /as between matrices/);
  });

  it('refuse ragged rows, naming the line', async () => {
    await refuses('a.csv', '1,2\n3\n', /^a\.csv: line 2 has 1 numbers, but the rows before it have 2\.$/);
    await refuses('a.csv', '1,2\n3,4\n5,6,7\n', /line 3 has 3 numbers/);
    await refuses('a.csv', 'a,b,c\n3,4\n', /line 1 has 3 column labels, but the rows have 2/);
  });

  it('refuse text without numbers, an open quote, a row without end and a file too large', async () => {
    await refuses('a.csv', '\n\n', /no rows of numbers/);
    await refuses('a.csv', '1,"2\n3,4\n', /^a\.csv cannot be read as rows of numbers: /);
    await refuses('a.csv', ','.repeat(5 * 2 ** 20), /line 1 has more than 2097152 characters/);
    const large = { ...text('large.csv', '1,2,3\n'.repeat(100)), size: 2 ** 30 };
    await assert.rejects(openTensors(platform, large), /large\.csv has 1073741824 bytes/);
  });

  it('stop once they are told to', async () => {
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const slow = text('a.csv', '1,2\n'.repeat(500_000));
    const source: ByteSource = {
      ...slow,
      read(offset, length) {
        if (offset > 2 ** 19) controller.abort(reason);
        return slow.read(offset, length);
      },
    };
    await assert.rejects(openTensors(platform, source, controller.signal), reason);
  });
});

describe('json', function () {
  this.timeout(20_000);

  it('reads a nested list, an object of them, and shape with data', async () => {
    const flat = text('a.json', '{"shape":[2,2],"data":[1,2,3,4]}');
    const [tensor] = (await openTensors(platform, flat)).tensors;
    assert.ok(tensor);
    assert.equal(tensor.name, 'a');
    assert.deepEqual([...(await readAll(tensor))], [1, 2, 3, 4]);
    const named = await openTensors(
      platform,
      text('b.json', '{"Q":[[1,2]],"K":{"shape":[1,2],"data":[3,4]},"queryTokens":["a"],"keyTokens":["b"]}'),
    );
    assert.deepEqual(
      named.tensors.map(({ name, shape }) => [name, shape]),
      [
        ['Q', [1, 2]],
        ['K', [1, 2]],
      ],
    );
    assert.deepEqual(named.tokens, { query: ['a'], key: ['b'] });
  });

  it('reads empty lists as empty tensors', async () => {
    const { tensors } = await openTensors(platform, text('a.json', '{"none":[],"rows":[[],[]]}'));
    assert.deepEqual(
      tensors.map(({ shape }) => shape),
      [[0], [2, 0]],
    );
  });

  it('refuses ragged lists and what is no number, with the path', async () => {
    await refuses(
      'a.json',
      '{"Q":[[1,2],[3]]}',
      /^a\.json: "Q": element \[1\] has 1 elements, but element \[0\] has 2\.$/,
    );
    await refuses('a.json', '[[1,2],3]', /element \[1\] is 3, where a list of 2 is needed/);
    await refuses('a.json', '[[1,2],[3,[4]]]', /element \[1\]\[1\] is a list, not a number/);
    await refuses('a.json', '[[1,2],[3,"<b>"]]', /element \[1\]\[1\] is "<b>", not a number/);
    await refuses('a.json', '[[1,null]]', /element \[0\]\[1\] is null, not a number/);
    await refuses('a.json', '{"Q":{"shape":[2,3],"data":[1]}}', /needs 6 numbers, but 1 are there/);
    await refuses('a.json', '{"Q":{"shape":[-1,-1],"data":[1]}}', /-1/);
    await refuses('a.json', '{"Q":{"shape":[1e308,1e308],"data":[1]}}', /extent/);
    await refuses('a.json', '{"Q":[[1]],"Q":[[2]]}', /names "Q" twice/);
  });

  it('refuses what is no JSON and what holds no numbers', async () => {
    await refuses('a.json', '[[1,2],', /^a\.json is not valid JSON: /);
    await refuses('a.json', '[1, NaNa]', /not valid JSON/);
    await refuses('a.json', '"text"', /neither/);
    await refuses('a.json', '{"a":"b"}', /no list of numbers/);
    await refuses('a.json', '["a","b"]', /is "a", not a number/);
    await assert.rejects(
      openTensors(platform, fromBytes('a.json', Uint8Array.of(0xff, 0xfe, 1))),
      /a\.json is not UTF-8/,
    );
  });

  it('does not overflow the stack or the memory on hostile depth and number', async () => {
    await refuses('deep.json', '['.repeat(10_000_000), /^deep\.json is nested deeper/);
    await refuses('deep.json', '{"a":'.repeat(1_000_000), /nested deeper/);
    await refuses('many.json', `[${'[],'.repeat(5_000_000)}[]]`, /^many\.json holds more than/);
    await refuses('open.json', `["${'\\"'.repeat(1_000_000)}`, /not valid JSON/);
  });

  it('reads a million numbers that JSON lacks', async () => {
    const { tensors } = await openTensors(platform, text('a.json', `[${'-Infinity,NaN,'.repeat(500_000)}0]`));
    const [tensor] = tensors;
    assert.ok(tensor);
    const data = await readAll(tensor);
    assert.equal(data.length, 1_000_001);
    assert.deepEqual([...data.subarray(-3)], [-Infinity, NaN, 0]);
  });

  it('keeps names that mean something to JavaScript as mere names', async () => {
    const { tensors } = await openTensors(platform, text('a.json', '{"__proto__":[1],"constructor":[2]}'));
    assert.deepEqual(
      tensors.map(({ name }) => name),
      ['__proto__', 'constructor'],
    );
  });
});

describe('tokensBeside', () => {
  it('reads a list, an object by axis, or one token a line', async () => {
    const both = { query: ['the', 'cat'], key: ['the', 'cat'] };
    assert.deepEqual(await tokensBeside(text('Q.tokens.json', '["the","cat"]')), both);
    assert.deepEqual(await tokensBeside(text('Q.tokens.json', '{"tokens":["the","cat"]}')), both);
    assert.deepEqual(await tokensBeside(text('Q.tokens.json', "['the', 'cat']")), both);
    assert.deepEqual(await tokensBeside(text('Q.tokens.txt', '\ufeffthe\r\ncat\r\n')), both);
    assert.deepEqual(await tokensBeside(text('Q.tokens.json', '{"key_tokens":["a"],"tokens":["b"]}')), {
      query: ['b'],
      key: ['a'],
    });
  });

  it('keeps empty lines within, which are tokens', async () => {
    assert.deepEqual((await tokensBeside(text('Q.tokens.txt', 'a\n\n b \n'))).query, ['a', '', ' b ']);
  });

  it('refuses anything else', async () => {
    for (const [name, content] of [
      ['Q.tokens.json', '{"words":["a"]}'],
      ['Q.tokens.json', '[1,2]'],
      ['Q.tokens.json', '[["a"],["b"]]'],
      ['Q.tokens.json', '['],
    ] as const) {
      await assert.rejects(
        tokensBeside(text(name, content)),
        (error) => error instanceof FormatError && error.message.startsWith(name),
      );
    }
    await assert.rejects(tokensBeside(fromBytes('Q.tokens.txt', Uint8Array.of(0xc3))), FormatError);
  });
});
