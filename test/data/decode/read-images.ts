/** Reads the images that are named and prints for each a line of JSON: its pixels, or why not. */
import { readImage } from '../../../src/data/decode/decode.js';
import { AS_PILLOW, reasonOf } from '../../../src/data/decode/decode-options.js';
import { wholeFile } from '../../../src/data/decode/read-bytes.js';

for (const file of process.argv.slice(2)) {
  try {
    const { data, ...form } = await readImage(wholeFile(file), AS_PILLOW);
    console.log(JSON.stringify({ ...form, data: Buffer.from(data).toString('base64') }));
  } catch (error) {
    console.log(JSON.stringify({ error: reasonOf(error) }));
  }
}
