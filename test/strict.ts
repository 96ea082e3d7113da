/**
 * Loaded before all tests: a primitive that falls to oneDNN's reference implementation is an error,
 * here and in the programs that tests start.
 */
process.env['CNN_STRICT'] ??= '1';
