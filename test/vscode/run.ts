// The entry that VS Code calls inside its extension host: runs every test of test/vscode/api there.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/** Resolves when all tests have passed. Rejects, with their number, when any failed. */
export async function run(): Promise<void> {
  const grep = process.env['MOCHA_GREP'];
  const mocha = new Mocha({
    ui: 'bdd',
    color: true,
    timeout: 120_000,
    reporter: join(__dirname, '../../../test/host/reporter.cjs'),
    ...(grep === undefined ? {} : { grep }),
  });
  const folder = join(__dirname, 'api');
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  for (const file of files.filter((name) => name.endsWith('.test.js')).sort())
    mocha.addFile(join(folder, file));
  await new Promise<void>((done, fail) => {
    mocha.run((failures) => {
      if (failures === 0) done();
      else fail(new Error(`${failures} failed`));
    });
  });
}
