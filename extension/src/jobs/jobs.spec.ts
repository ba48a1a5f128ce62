import { Notification } from '@jupyterlab/apputils';

import type { JobState, ListedJob } from '../api';
import { Answer, button, shown, TestWorkbench, until } from '../workbench/testing';
import { Ends } from './ends';
import { JobsFeed } from './feed';
import { JobsModel } from './model';
import { isActive } from './states';
import { JobsView } from './view';
import { keyMetric, runTitle, timeLeft } from './wording';

function job(id: string, state: JobState, changes: Partial<ListedJob> = {}): ListedJob {
  return {
    id,
    name: id,
    template: 'sft',
    executor: 'local',
    state,
    reason: null,
    artifacts: [],
    attempt: 1,
    submitted: '2026-11-24T10:00:00Z',
    started: '2026-11-24T10:00:01Z',
    finished: isActive(state) ? null : '2026-11-24T10:01:01Z',
    cancel_requested: false,
    priority: 0,
    resources: { cpus: 1, gpus: 0, memory: 0 },
    retries_left: 0,
    retry_of: null,
    gpus: [],
    peak_memory: null,
    folder: '',
    progress: null,
    latest: null,
    ...changes
  };
}

/** A server that has these jobs, whatever is looked for. */
function holding(jobs: () => readonly ListedJob[]): Answer {
  return ({ path, query }) => {
    if (path === 'templates') {
      return { templates: [{ name: 'sft' }] };
    }
    const states = query.getAll('state');
    const found = jobs().filter(one => states.length === 0 || states.includes(one.state));
    return { jobs: found, total: found.length };
  };
}

async function panel(jobs: readonly ListedJob[]) {
  const workbench = new TestWorkbench(holding(() => jobs));
  const feed = new JobsFeed(workbench);
  const model = new JobsModel(workbench, feed);
  const view = new JobsView(model, () => Promise.resolve());
  await until(() => model.page.value !== null && model.templates.value !== null);
  return { workbench, feed, model, view, node: await shown(view) };
}

describe('wording', () => {
  const running = job('sft', 'running', {
    progress: { phase: 'training', done: 31, total: 50, unit: 'steps', seconds_left: 190 },
    latest: { loss: 1.4242, learning_rate: 0.001 }
  });
  const { trans } = new TestWorkbench(() => ({}));

  it('says in a few characters how a job is', () => {
    expect(runTitle(running, 0.627)).toBe('▸ sft 62 %');
    expect(runTitle(job('sft', 'failed'), 0.5)).toBe('✗ sft');
    expect(timeLeft(running)).toBe('3:10');
  });

  it('names the metric that says most', () => {
    expect(keyMetric(running, trans)).toBe('loss 1.424');
    expect(keyMetric(job('sft', 'queued'), trans)).toBe('');
  });
});

describe('Ends', () => {
  it('tells once that a job has ended which was seen at work, and of no other', async () => {
    let jobs = [job('now', 'running'), job('long-ago', 'succeeded')];
    const workbench = new TestWorkbench(holding(() => jobs));
    const feed = new JobsFeed(workbench);
    const ends = new Ends(feed, workbench);
    await feed.refresh();
    // It ended between the answer that lists jobs at work and the one that lists those that have ended.
    jobs = [job('now', 'running'), job('now', 'succeeded'), job('long-ago', 'succeeded')];
    await feed.refresh();
    jobs = [job('now', 'succeeded'), job('long-ago', 'succeeded')];
    await feed.refresh();
    expect(Notification.manager.notifications.map(told => told.message)).toEqual([
      'now has succeeded.'
    ]);
    ends.dispose();
    feed.dispose();
  });
});

describe('JobsFeed', () => {
  it('looks soon when the server tells of a change, and once when it tells of a thousand', async () => {
    const workbench = new TestWorkbench(holding(() => []));
    const feed = new JobsFeed(workbench);
    await feed.refresh();
    const before = workbench.asked.length;
    for (let change = 0; change < 1000; change++) {
      workbench.jobsChanged.emit('sft');
    }
    await until(() => workbench.asked.length > before);
    await new Promise(done => setTimeout(done, 400));
    // It asks for the jobs at work and for those that have ended, and looks by itself at times.
    expect(workbench.asked.length - before).toBeLessThan(10);
    feed.dispose();
  });
});

describe('Jobs', () => {
  it('teaches where there is none yet', async () => {
    const { model, node, workbench } = await panel([]);
    expect(node.textContent).toContain('A job runs a notebook and keeps what came of it');
    button(node, 'New run').click();
    expect(workbench.opened).toEqual([['run', {}]]);
    model.dispose();
  });

  it('asks the server for what is looked for, sorted', async () => {
    const { model, workbench } = await panel([job('a', 'failed')]);
    model.look({ states: ['failed'], template: 'sft' });
    model.sortBy('duration');
    model.sortBy('duration');
    await until(() => workbench.asked.at(-1)?.query.get('sort') === '-duration');
    const last = workbench.asked.at(-1)?.query;
    expect([last?.getAll('state'), last?.get('template')]).toEqual([['failed'], 'sft']);
    model.dispose();
  });

  it('does not ask at every key', async () => {
    const { model, workbench } = await panel([job('a', 'failed')]);
    for (const search of ['s', 'sf', 'sft']) {
      model.look({ search });
    }
    await until(() => workbench.asked.at(-1)?.query.get('search') === 'sft');
    expect(workbench.asked.filter(asked => asked.query.has('search'))).toHaveLength(1);
    model.dispose();
  });

  it('compares two to eight that were selected', async () => {
    const jobs = Array.from({ length: 9 }, (_, number) => job(`job-${number}`, 'succeeded'));
    const { model, node, workbench } = await panel(jobs);
    model.picked.set('job-0', true);
    expect(button(node, 'Compare').disabled).toBe(true);
    model.picked.set('job-1', true);
    await until(() => node.textContent.includes('Compare (2)'));
    button(node, 'Compare (2)').click();
    expect(workbench.opened).toEqual([['comparison', { jobs: ['job-0', 'job-1'] }]]);
    jobs.forEach(one => {
      model.picked.set(one.id, true);
    });
    await until(() => node.textContent.includes('Compare (9)'));
    expect(button(node, 'Compare (9)').disabled).toBe(true);
    button(node, 'Clear selection').click();
    expect(model.picked.all).toEqual([]);
    model.dispose();
  });

  it('goes from row to row with the arrow keys', async () => {
    const { model, node } = await panel([job('first', 'succeeded'), job('second', 'failed')]);
    const first = button(node, 'first');
    first.focus();
    first.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    expect(document.activeElement).toBe(button(node, 'second'));
    model.dispose();
  });

  it('asks before it cancels from a row', async () => {
    const { model, node, view, workbench } = await panel([job('a', 'running')]);
    button(node, 'Cancel a…').click();
    await until(() => node.textContent.includes('Cancel the run'));
    button(await shown(view), 'Cancel the run').click();
    await until(() => workbench.asked.some(asked => asked.path === 'jobs/a/cancel'));
    model.dispose();
  });

  it('says why one was not cancelled', async () => {
    const list = holding(() => [job('a', 'running')]);
    const workbench = new TestWorkbench(asked =>
      asked.path === 'jobs/a/cancel'
        ? new Response(
            JSON.stringify({ code: 'job_ended', detail: 'It has ended.', status: 409 }),
            {
              status: 409,
              headers: { 'Content-Type': 'application/problem+json' }
            }
          )
        : list(asked)
    );
    const feed = new JobsFeed(workbench);
    const model = new JobsModel(workbench, feed);
    const view = new JobsView(model, () => Promise.resolve());
    await shown(view);
    await model.cancel('a');
    await until(() => view.node.textContent.includes('It has ended.'));
    model.dispose();
    feed.dispose();
  });

  it('runs one again with changes', async () => {
    const { model, node, workbench } = await panel([job('a', 'failed')]);
    button(node, 'Run a again with changes').click();
    expect(workbench.opened).toEqual([['run', { again: 'a' }]]);
    model.dispose();
  });

  it('says why the server could not be asked', async () => {
    const workbench = new TestWorkbench(() => Promise.reject(new TypeError('Failed to fetch')));
    const feed = new JobsFeed(workbench);
    const model = new JobsModel(workbench, feed);
    await until(() => model.state.kind === 'failed');
    const node = await shown(new JobsView(model, () => Promise.resolve()));
    expect(button(node, 'Try again')).toBeDefined();
    model.dispose();
    feed.dispose();
  });
});
