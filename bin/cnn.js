#!/usr/bin/env node
// CommonJS: Node reads a module's file on libuv's pool, whose size is fixed when it is first used.
require('./signals.js');
const { existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
require('./read-in-turn.js');

// sharp decodes on that pool.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2));

const program = join(__dirname, '../dist/cli.js');
if (existsSync(program)) {
  import(pathToFileURL(program).href);
} else {
  console.error('cnn is not built yet: run bin/setup first');
  process.exitCode = 1;
}
