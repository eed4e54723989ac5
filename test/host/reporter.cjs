// Mocha's spec reporter, which also writes how many tests passed and failed to the file named by MOCHA_RESULTS, for the
// runs that happen in another process. A run that dies leaves no such file.
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class Results extends reporters.Spec {
  /**
   * @param {import('mocha').Runner} runner
   * @param {import('mocha').MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    /**
     * @param {import('mocha').Test} test
     * @param {Error} error
     */
    const tell = (test, error) => console.log(`    tried again: ${test.fullTitle()}: ${error.message}`);
    runner.on('retry', tell);
    runner.once('end', () => {
      const file = process.env['MOCHA_RESULTS'];
      if (file === undefined) return;
      const { passes, failures, pending } = this.stats;
      writeFileSync(file, JSON.stringify({ passes, failures, pending }));
    });
  }
};
