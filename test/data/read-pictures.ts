/** Reads the pictures that are named and prints for each a line of JSON: its pixels, or why not. */
import { readPicture } from '../../src/data/decode.js';
import { wholeFile } from '../../src/data/read-bytes.js';
import { AS_PILLOW, reasonOf } from '../../src/data/reading.js';

for (const file of process.argv.slice(2)) {
  try {
    const { data, ...form } = await readPicture(wholeFile(file), AS_PILLOW);
    console.log(JSON.stringify({ ...form, data: Buffer.from(data).toString('base64') }));
  } catch (error) {
    console.log(JSON.stringify({ error: reasonOf(error) }));
  }
}
