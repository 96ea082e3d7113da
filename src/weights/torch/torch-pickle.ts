/** The pickles of torch.save: tensors in dicts, and what describes them. */
import { type Dialect, unpickle } from '../../pickle/unpickle.js';
import type { Value } from '../../pickle/values.js';

/** How to convert a refused file into one that can be read. */
export const CONVERT =
  "save the state_dict alone, where you trust the file: torch.save(model.state_dict(), 'new.pth')";

/** State dicts of the largest networks take 100 KB. */
export const MAX_PICKLE_BYTES = 2 ** 21;

/** State dicts of the largest networks take 50,000. */
const MOST_OPERATIONS = 2 ** 18;

/** The value of a pickle that begins at a position, and where it ends. */
export function readTorchPickle(
  bytes: Uint8Array,
  position: number,
  known: Pick<Dialect, 'globals' | 'persistent'>,
): { readonly value: Value; readonly end: number } {
  const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number, length: number) => memory.subarray(at, at + length);
  return unpickle(
    { start: position, end: memory.length, read },
    {
      content: 'plain tensors in dicts',
      mostOperations: MOST_OPERATIONS,
      mostText: MAX_PICKLE_BYTES,
      ...known,
    },
  );
}
