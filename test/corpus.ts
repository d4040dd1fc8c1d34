// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './requirements.ts';

/** Every scenario of the repository, and every example of its documents, with the name of the place. */
export function corpus(): [string, string][] {
  const files = ['examples', 'test'].flatMap((folder) =>
    (readdirSync(join(root, folder), { recursive: true }) as string[])
      .filter((name) => name.endsWith('.pg'))
      .map((name): [string, string] => [join(folder, name), readFileSync(join(root, folder, name), 'utf8')]),
  );
  const examples = ['README.md', 'grammar.md'].flatMap((name) =>
    [...readFileSync(join(root, name), 'utf8').matchAll(/^```pg(?:-wrong)?\n(.*?)^```$/gms)].map(
      (found): [string, string] => [`${name}, ${(found[1] as string).split('\n')[0]}`, found[1] as string],
    ),
  );
  return [...files, ...examples];
}
