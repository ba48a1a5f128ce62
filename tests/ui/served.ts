import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { ILabServer, withLab } from './lab';

export const ROOT = resolve(__dirname, '../..');
export const run = promisify(execFile);

/** Serve the tests' tiny model as the endpoint `tiny` of a server of its own; the other files' tests begin without. */
export async function withEndpoint(use: (lab: ILabServer) => Promise<void>): Promise<void> {
  await withLab([], async lab => {
    const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
    const modelops = join(ROOT, '.venv/bin/modelops');
    await run(join(ROOT, '.venv/bin/python'), [join(ROOT, 'tests/ui/servable.py'), 'tiny'], {
      env
    });
    await run(modelops, ['endpoints', 'start', 'tiny'], { env });
    try {
      await use(lab);
    } finally {
      await run(modelops, ['endpoints', 'stop', 'tiny'], { env });
    }
  });
}

/** The process that writes the answers. */
export async function engine(lab: ILabServer): Promise<number> {
  const path = join(lab.folder, 'modelops/endpoints/tiny/status.json');
  return (JSON.parse(await readFile(path, 'utf-8')) as { engine: { pid: number } }).engine.pid;
}
