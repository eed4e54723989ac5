import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The builder of each operator by its name, as the folders of src/engine/ops have them. */
export function operatorNames(): string[] {
  const root = join(process.cwd(), 'src/engine/ops');
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: folder }) =>
    readdirSync(join(root, folder)).flatMap((file) => {
      const text = readFileSync(join(root, folder, file), 'utf8');
      const names = [...text.matchAll(/^export function (\w+)\([^{]*\): Value \{$/gm)].map(
        ([, name = '']) => name,
      );
      assert.ok(names.length > 0, `${folder}/${file} exports no function that makes a value`);
      return names;
    }),
  );
}
