// Mocha's spec reporter, closed by one line of counts that other programs can read.
const { reporters, Runner } = require('mocha');

module.exports = class CountingSpec extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      // failZero fails a file by the exit code alone where files run in parallel.
      const empty = runner.failures - failures;
      if (empty > 0) console.log(`${empty} of the test files failed, because no test is in them`);
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      console.log(`${passes} passed, ${failures + empty} failed${skipped}`);
    });
  }
};
