// Mocha's spec reporter, which names the ten slowest tests, and writes how many tests passed and failed to the file named by
// MOCHA_RESULTS, for the runs that happen in another process. A run that dies leaves no such file.
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

const slowest = 10;

module.exports = class Results extends reporters.Spec {
  /**
   * @param {import('mocha').Runner} runner
   * @param {import('mocha').MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    /** Tests, and the hooks around them, in milliseconds. @type {{ title: string, duration: number }[]} */
    const took = [];
    /** @param {import('mocha').Runnable} ended */
    const time = (ended) => {
      if (ended.duration !== undefined) took.push({ title: ended.fullTitle(), duration: ended.duration });
    };
    runner.on('pass', time);
    runner.on('fail', time);
    runner.on('hook end', time);
    runner.once('end', () => {
      if (took.length > slowest) {
        console.log(`  the ${slowest} slowest:`);
        for (const { title, duration } of took
          .toSorted((a, b) => b.duration - a.duration)
          .slice(0, slowest)) {
          console.log(`  ${(duration / 1000).toFixed(1).padStart(6)} s  ${title}`);
        }
        console.log();
      }
      const file = process.env['MOCHA_RESULTS'];
      if (file === undefined) return;
      const { passes, failures, pending } = this.stats;
      writeFileSync(file, JSON.stringify({ passes, failures, pending }));
    });
  }
};
