import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import type { ILabServer } from './lab';

const ROOT = resolve(__dirname, '../..');

/** Register the model and the dataset that the form's defaults name; the model's files are in `tiny-model`, too. */
export async function makeTrainable(lab: ILabServer): Promise<void> {
  const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
  const script = join(ROOT, 'tests/ui/trainable.py');
  await promisify(execFile)(
    join(ROOT, '.venv/bin/python'),
    [script, join(lab.folder, 'tiny-model')],
    { env }
  );
}
