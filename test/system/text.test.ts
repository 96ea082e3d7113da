import assert from 'node:assert/strict';
import { decodeText, linesOf } from '../../src/system/text.js';

describe('a text file', () => {
  const text = 'café\r\nä,1\r\n';
  const big = Buffer.from(text, 'utf16le').swap16();
  const encodings: readonly [what: string, bytes: Buffer][] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 little-endian', Buffer.from(text, 'utf16le')],
    ['UTF-16 little-endian with a mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 big-endian', big],
    ['UTF-16 big-endian with a mark', Buffer.concat([Buffer.of(0xfe, 0xff), big])],
    ['Windows-1252', Buffer.from(text, 'latin1')],
  ];
  for (const [what, bytes] of encodings) {
    it(`in ${what} is read`, () => assert.equal(decodeText(bytes), text));
  }

  it('has the letters of Windows-1252 that Latin-1 lacks', () => {
    assert.equal(decodeText(Buffer.of(0x80, 0x31, 0xe9)), '€1é');
  });

  it('that is cut off within a letter stays UTF-8', () => {
    const bytes = Buffer.from('ab€');
    for (const length of [3, 4]) {
      assert.equal(decodeText(bytes.subarray(0, length), { cut: true }), 'ab');
    }
    assert.equal(decodeText(bytes, { cut: true }), 'ab€');
  });

  it('has the lines of every system, without spaces around them', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      assert.deepEqual(linesOf(` a${end}${end}b c ${end}`), ['a', 'b c']);
    }
  });

  const others: readonly [what: string, bytes: Buffer, message: RegExp][] = [
    ['a gzip file', Buffer.from('1f8b0800000000000003', 'hex'), /not a text.*compressed with gzip/],
    ['a workbook', Buffer.from('504b0304140006000800', 'hex'), /not a text.*ZIP archive/],
    ['zeros', Buffer.alloc(100), /not a text.*zeros/],
    [
      'other bytes',
      Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37) % 256)),
      /not a text/,
    ],
  ];
  for (const [what, bytes, message] of others) {
    it(`that is ${what} is an error that says so`, () => {
      assert.throws(() => decodeText(bytes), message);
    });
  }
});
