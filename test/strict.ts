/**
 * Loaded before all tests, for them and for the programs that they start: a primitive that falls to
 * oneDNN's reference implementation is an error, and OpenMP's threads sleep where they wait, because
 * those that spin take the processors from the tests beside them.
 */
process.env['CNN_STRICT'] ??= '1';
process.env['OMP_WAIT_POLICY'] ??= 'passive';
