import type { Contents } from '@jupyterlab/services';

import type { Api, Job } from '../api';
import { isActive } from '../jobs/states';

/** The command that opens a job's executed notebook; its argument `job` is the job's id. */
export const OPEN_EXECUTED = 'modelops:open-executed-notebook';

/**
 * Save a copy of a job's executed notebook into `folder` and return its path.
 *
 * The record itself stays in the job's folder, which lies outside of what the server shows. The copy of an ended job is
 * made once and then belongs to its reader; that of a running one is made anew each time.
 */
export async function copyExecuted(
  job: Job,
  api: Api,
  contents: Contents.IManager,
  folder: string
): Promise<string> {
  const active = isActive(job.state);
  const path = [folder, `${job.id}${active ? '-so-far' : ''}.ipynb`].filter(Boolean).join('/');
  if (!active && (await exists(contents, path))) {
    return path;
  }
  const notebook = await api.connection.get(`jobs/${encodeURIComponent(job.id)}/notebook`);
  await contents.save(path, { type: 'notebook', format: 'json', content: notebook });
  return path;
}

async function exists(contents: Contents.IManager, path: string): Promise<boolean> {
  try {
    await contents.get(path, { content: false });
    return true;
  } catch {
    return false;
  }
}
