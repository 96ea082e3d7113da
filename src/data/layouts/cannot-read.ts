import { DataError } from '../../errors.js';
import { printable } from '../../system/file-names.js';
import { systemReason } from '../../system/system-errors.js';

export function cannotRead(path: string, cause: unknown): DataError {
  return new DataError(`Cannot read ${printable(path)}: ${systemReason(cause)}.`, { cause });
}
