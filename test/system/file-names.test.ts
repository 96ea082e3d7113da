import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asWindows1252,
  decodeName,
  encodeName,
  printable,
  printableJson,
  printableText,
  systemPath,
} from '../../src/system/file-names.js';

describe('the name of a file', () => {
  it('of any bytes is found again', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 20 }), (array) => {
      const bytes = Buffer.from(array);
      assert.deepEqual(encodeName(decodeName(bytes)), bytes);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('in UTF-8 is the text that it is, a replacement character among it', () => {
    for (const name of ['a.jpg', 'größe', '猫', '🐈', 'a\ufffdb', 'cafe\u0301']) {
      assert.equal(decodeName(Buffer.from(name)), name);
      assert.equal(systemPath(name), name);
      assert.equal(printable(name), name);
    }
  });

  it('that is not UTF-8 shows its bytes', () => {
    const bytes = Buffer.from('caf\xe9 \xff.jpg', 'latin1');
    const name = decodeName(bytes);
    assert.equal(name, 'caf\udce9 \udcff.jpg');
    assert.deepEqual(systemPath(name), bytes);
    assert.equal(printable(name), 'caf\\xE9 \\xFF.jpg');
    assert.equal(asWindows1252(name), 'café ÿ.jpg');
  });

  it('shows control characters, which a terminal would obey', () => {
    assert.equal(printable('a\x1b[2J\n\t\x7f\u009b.jpg'), 'a\\x1B[2J\\x0A\\x09\\x7F\\x9B.jpg');
    assert.equal(printableText('\x1b[1ma\udce9\n'), '\x1b[1ma\\xE9\n');
    const text = 'a\x1b[2J\x1b]0;title\x07\r\u009b2J\x1b[0;31mred\x1b[39m\t\n';
    const shown = 'a\\x1B[2J\\x1B]0;title\\x07\\x0D\\x9B2J\x1b[0;31mred\x1b[39m\t\n';
    assert.equal(printableText(text), shown);
  });

  it('shows control characters in JSON too', () => {
    const json = JSON.stringify({ file: 'a\x1b\x7f\u009bé' });
    assert.equal(printableJson(json), '{"file":"a\\u001b\\u007f\\u009bé"}');
    assert.deepEqual(JSON.parse(printableJson(json)), JSON.parse(json));
  });

  it('keeps surrogates in UTF-8, which no text has, as bytes', () => {
    const bytes = Buffer.from('61edb3a962', 'hex');
    assert.equal(printable(decodeName(bytes)), 'a\\xED\\xB3\\xA9b');
    assert.deepEqual(encodeName(decodeName(bytes)), bytes);
  });
});
