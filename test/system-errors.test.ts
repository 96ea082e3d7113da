import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { RunError, UsageError } from '../src/errors.js';
import { cannotWrite, describeSystemError, systemReason } from '../src/system/system-errors.js';

/** An error as Node makes it: it has no name for those that libuv does not know. */
function systemError(name: string, syscall: string, path?: string): NodeJS.ErrnoException {
  const numbers: Readonly<Record<string, number>> = constants.errno;
  const errno = -(numbers[name] as number);
  const code = getSystemErrorMap().has(errno) ? name : `Unknown system error ${errno}`;
  const more = { code, syscall, errno, ...(path ? { path } : {}) };
  return Object.assign(new Error(`${code}: raw text, ${syscall}`), more);
}

describe('errors of the operating system', () => {
  it('are a sentence, whichever they are', () => {
    for (const code of Object.keys(constants.errno)) {
      const sentence = describeSystemError(systemError(code, 'open', '/a/b'));
      assert.match(sentence, /^Cannot open \/a\/b: \S.* \(E\w+\)$/, code);
      assert.doesNotMatch(sentence, /raw text|Unknown/, code);
    }
    const quota = systemReason(systemError('EDQUOT', 'write'));
    assert.equal(quota, 'the disk quota is used up (EDQUOT)');
  });

  it('say what was tried, and name a file where there is one', () => {
    const full = 'the disk is full (ENOSPC)';
    for (const [syscall, path, sentence] of [
      ['write', '/a', `Cannot write /a: ${full}`],
      ['write', undefined, `Cannot write a file: ${full}`],
      ['scandir', '/a', `Cannot list /a: ${full}`],
      ['rename', '/a', `Cannot rename /a: ${full}`],
      ['listen', undefined, `Cannot listen: ${full}`],
    ] as const) {
      assert.equal(describeSystemError(systemError('ENOSPC', syscall, path)), sentence);
    }
  });

  it('of a path are errors of usage, and others end the run', () => {
    const kindOf = (code: string) => (cannotWrite('a', systemError(code, 'open')) as Error).name;
    for (const code of ['EACCES', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EISDIR']) {
      assert.equal(kindOf(code), UsageError.name, code);
    }
    for (const code of ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'EFBIG']) {
      assert.equal(kindOf(code), RunError.name, code);
    }
  });

  it('alone are put in other words', () => {
    const fault = new TypeError('x is undefined');
    assert.equal(cannotWrite('a', fault), fault);
    assert.equal(systemReason(fault), 'x is undefined');
  });
});
