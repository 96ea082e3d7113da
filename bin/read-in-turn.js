// Node opens all files of a level of imports at once, more than `ulimit -n 128` allows: it reads each
// by fs.promises.readFile, which this lets read a few files at a time. Every thread requires it first.
const { promises } = require('node:fs');

const MOST = 8;
const { readFile } = promises;
const waiting = [];
let reading = 0;

promises.readFile = async (...request) => {
  if (reading === MOST) await new Promise((resolve) => waiting.push(resolve));
  else reading++;
  try {
    return await readFile(...request);
  } finally {
    const next = waiting.shift();
    if (next === undefined) reading--;
    else next();
  }
};
