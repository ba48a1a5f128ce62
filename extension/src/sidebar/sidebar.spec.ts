import { EndpointsFeed } from '../endpoints/feed';
import { endpoint } from '../endpoints/testing';
import { JobsFeed } from '../jobs/feed';
import { button, shown, TestWorkbench, until } from '../workbench/testing';
import { SidebarModel } from './model';
import { SidebarView } from './view';

const JOB = {
  artifacts: [],
  finished: null,
  latest: null,
  progress: null,
  reason: null,
  submitted: new Date().toISOString()
};

const RUNNING = {
  ...JOB,
  id: 'sft-1',
  name: 'sft',
  state: 'running',
  progress: { phase: 'training', done: 31, total: 50, unit: 'steps', seconds_left: 190 },
  latest: { loss: 1.42 }
};

const FAILED = {
  ...JOB,
  id: 'index-1',
  name: 'rag-index',
  state: 'failed',
  reason: { code: 'cell_error', message: 'KeyError in cell 2.', hint: '', details: {} }
};

async function sidebar(
  jobs: readonly { state: string }[],
  kinds: Record<string, number> = {},
  endpoints: readonly object[] = []
) {
  const workbench = new TestWorkbench(({ path, query }) =>
    path === 'endpoints'
      ? { endpoints }
      : path === 'artifacts'
        ? { artifacts: [], total: 0, kinds }
        : { jobs: jobs.filter(job => query.getAll('state').includes(job.state)), total: 0 }
  );
  const feed = new JobsFeed(workbench);
  const served = new EndpointsFeed(workbench);
  await served.refresh();
  const model = new SidebarModel(workbench, feed, served);
  await feed.refresh();
  await until(() => model.artifacts.value !== null);
  const node = await shown(new SidebarView(model));
  return { workbench, node };
}

describe('Sidebar', () => {
  it('shows how far a run is, its loss, and what time is left', async () => {
    const { node } = await sidebar([RUNNING]);
    expect(node.textContent).toContain('sft62 %loss 1.423:10');
  });

  it('asks why of a run that failed, and leads to the answer', async () => {
    const { node, workbench } = await sidebar([FAILED]);
    const row = button(node, 'rag-index');
    expect(row.textContent).toContain('why?');
    expect(row.title).toBe('KeyError in cell 2.');
    row.click();
    expect(workbench.opened).toEqual([['run', { job: 'index-1' }]]);
  });

  it('counts artifacts by kind, and opens them', async () => {
    const { node, workbench } = await sidebar([], { model: 3, adapter: 4 });
    expect(node.textContent).toContain('Models3');
    button(node, 'Adapters').click();
    expect(workbench.opened).toEqual([['artifacts', { kind: 'adapter' }]]);
  });

  it('shows endpoints that run, how fast they write, and opens them', async () => {
    const stopped = endpoint('old', { state: 'stopped' });
    const { node, workbench } = await sidebar([], {}, [endpoint('bot'), stopped]);
    expect(node.textContent).toContain('bot13.3 tokens/s');
    expect(node.textContent).not.toContain('old');
    button(node, 'bot').click();
    button(node, 'All endpoints').click();
    expect(workbench.opened).toEqual([
      ['serve', { endpoint: 'bot' }],
      ['endpoints', {}]
    ]);
  });

  it('teaches where nothing ran yet', async () => {
    const { node, workbench } = await sidebar([]);
    expect(node.textContent).toContain('What you run appears here, and stays.');
    button(node, 'New run').click();
    expect(workbench.opened).toEqual([['run', {}]]);
  });
});
