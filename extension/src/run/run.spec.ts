import type { JobDetail } from '../api';
import {
  Answer,
  button,
  EventStream,
  IAsked,
  message,
  shown,
  TestWorkbench,
  until
} from '../workbench/testing';
import { RunModel } from './model';
import { RunView } from './view';

function job(changes: Partial<JobDetail> = {}): JobDetail {
  return {
    id: 'sft-1',
    name: 'sft',
    template: 'sft',
    template_title: 'Supervised fine-tuning',
    notebook: null,
    executor: 'local',
    state: 'running',
    reason: null,
    artifacts: [],
    attempt: 1,
    submitted: '2026-11-24T10:00:00Z',
    started: '2026-11-24T10:00:01Z',
    finished: null,
    cancel_requested: false,
    priority: 0,
    resources: { cpus: 1, gpus: 0, memory: 0 },
    retries_left: 0,
    retry_of: null,
    gpus: [],
    peak_memory: null,
    folder: '/home/ada/modelops/jobs/sft-1',
    ahead: 0,
    needs: [],
    attempts: [],
    proposals: [],
    parameters: {},
    resumable: false,
    ...changes
  };
}

const FAILED = job({
  state: 'failed',
  finished: '2026-11-24T10:01:01Z',
  reason: {
    code: 'out_of_memory',
    message: 'The kernel ran out of memory in cell 2 of 3.',
    hint: 'Use a smaller batch.',
    details: { cell: { index: 1, number: 2, total: 3, first_line: 'train()' } }
  },
  proposals: [
    { sentence: 'With a batch size of 2.', parameters: { batch_size: 2 }, options: {} },
    { sentence: 'As it was: the machine failed it.', parameters: {}, options: {} }
  ]
});

const MADE = {
  ref: 'my-adapter@1',
  kind: 'adapter',
  size: 1_000_000,
  rejected: ['It is worse than allowed.'],
  // Signed documents hold numbers with a fraction as text.
  metadata: { loss_before: '2.72', loss_after: '2.25' }
};

/** A run whose events are what `stream` is written; other requests are answered by `answer`. */
function run(stream: EventStream, answer: Answer = () => ({})) {
  const workbench = new TestWorkbench(asked =>
    asked.path.endsWith('/events') ? stream.response : answer(asked)
  );
  const model = new RunModel(workbench, 'sft-1');
  return { workbench, model };
}

/** A run as it is shown once `detail` was heard. */
async function heard(detail: JobDetail, answer?: Answer) {
  const stream = new EventStream();
  const played = run(stream, answer);
  stream.write(message('job', detail, '0.0'));
  const view = new RunView(played.model, () => Promise.resolve());
  await until(() => played.model.job !== null);
  return { ...played, stream, view, node: await shown(view) };
}

describe('RunModel', () => {
  it('takes in what came between two frames at once', async () => {
    const stream = new EventStream();
    const { model } = run(stream);
    let changes = 0;
    model.stateChanged.connect(() => (changes += 1));
    const metrics = Array.from({ length: 1000 }, (_, step) =>
      message('event', { type: 'metric', time: step, step, values: { loss: 1 } }, `${step + 1}.0`)
    );
    stream.write(message('job', job(), '0.0'), ...metrics);
    await until(() => model.journal.length === 1000);
    expect(changes).toBeLessThan(10);
    expect(model.charts.map(chart => chart.title)).toEqual(['Loss']);
    model.dispose();
  });

  it('draws what has a course, and nothing of what was measured once', async () => {
    const stream = new EventStream();
    const { model } = run(stream);
    const metric = (step: number, values: object, id: string): string =>
      message('event', { type: 'metric', time: step, step, values }, id);
    stream.write(metric(0, { perplexity: 8, eval_loss: 3 }, '1.0'), metric(1, { loss: 2 }, '2.0'));
    await until(() => model.journal.metrics.series.size === 3);
    expect(model.charts).toEqual([]);
    stream.write(metric(2, { loss: 1 }, '3.0'));
    await until(() => model.charts.length > 0);
    expect(model.charts.map(({ curves, title }) => [title, curves.length])).toEqual([['Loss', 2]]);
    model.dispose();
  });

  it('says in its title how far it is', async () => {
    const { model, stream } = await heard(job());
    expect(model.title).toBe('▸ sft');
    const progress = { type: 'progress', time: 1, done: 31, total: 50, unit: 'steps', phase: '' };
    stream.write(message('event', progress, '1.0'));
    await until(() => model.title === '▸ sft 62 %');
    model.dispose();
  });

  it('rests while nobody looks, and goes on where it was', async () => {
    const { model, stream, workbench } = await heard(job());
    stream.write(message('log', { text: 'hello\n' }, '0.6'));
    await until(() => model.log.text === 'hello\n');
    model.rest();
    model.resume();
    const follows = (): IAsked[] => workbench.asked.filter(asked => asked.path.endsWith('/events'));
    await until(() => follows().length === 2);
    expect(follows()[1]?.headers.get('Last-Event-ID')).toBe('0.6');
    model.dispose();
  });

  it('keeps what it knows when the connection is lost, and says so', async () => {
    const { model, stream, view } = await heard(job());
    stream.close();
    await until(() => model.lostAt !== null);
    const node = await shown(view);
    expect(node.textContent).toContain('The server cannot be reached');
    expect(node.textContent).toContain('Supervised fine-tuning');
    model.dispose();
  });
});

describe('RunView', () => {
  it('says what a queued job waits for', async () => {
    const { node, model } = await heard(job({ state: 'queued', started: null, ahead: 2 }));
    expect(node.textContent).toContain('2 jobs are ahead of it in the queue.');
    model.dispose();
  });

  it('says which job a queued one needs', async () => {
    const { node, model } = await heard(job({ state: 'queued', started: null, needs: ['prep-1'] }));
    expect(node.textContent).toContain('It starts when prep-1 has succeeded.');
    model.dispose();
  });

  it('says what is kept, and asks once, before it cancels', async () => {
    const { model, node, view, workbench } = await heard(job({ resumable: true }));
    button(node, 'Cancel…').click();
    const asking = await shown(view);
    await until(() => asking.textContent.includes('the last checkpoint'));
    button(asking, 'Cancel the run').click();
    await until(() => workbench.asked.some(asked => asked.path === 'jobs/sft-1/cancel'));
    model.dispose();
  });

  it('says in words why it failed, and where', async () => {
    const { model, node } = await heard(FAILED);
    expect(node.textContent).toContain('The kernel ran out of memory in cell 2 of 3.');
    expect(node.textContent).toContain('Use a smaller batch.');
    expect(node.querySelector('pre')?.textContent).toBe('train()');
    model.dispose();
  });

  it('opens the form with the change that is proposed', async () => {
    const { model, node } = await heard(FAILED);
    const again: unknown[] = [];
    model.again.connect((_, changes) => again.push(changes));
    button(node, 'Try again with a batch size of 2').click();
    expect(again).toEqual([{ batch_size: 2 }]);
    model.dispose();
  });

  it('repeats a job at once with the limit that is proposed', async () => {
    const sentence = 'With up to 2 h for the job.';
    const proposals = [{ sentence, parameters: {}, options: { timeout: 7200 } }];
    const { model, node, workbench } = await heard({ ...FAILED, proposals }, () => job());
    button(node, 'Try again with up to 2 h for the job').click();
    await until(() => workbench.asked.some(asked => asked.path.endsWith('/retry')));
    expect(workbench.asked.at(-1)?.body).toEqual({ parameters: {}, options: { timeout: 7200 } });
    model.dispose();
  });

  it('repeats a job at once where nothing is to be changed', async () => {
    const { model, node } = await heard(FAILED, () => job({ id: 'sft-2' }));
    const repeated: string[] = [];
    model.repeated.connect((_, next) => repeated.push(next.id));
    button(node, 'Try again as it was').click();
    await until(() => repeated.length === 1);
    expect(repeated).toEqual(['sft-2']);
    model.dispose();
  });

  it('shows what was made, verified, with the numbers that matter and what comes next', async () => {
    const done = job({ state: 'succeeded', artifacts: ['my-adapter@1'] });
    const { model, view, workbench } = await heard(done, ({ path }) =>
      path.endsWith('/verify') ? { verified: true, signer: 'abc' } : MADE
    );
    await until(() => model.made[0]?.badge.kind === 'verified');
    const node = await shown(view);
    expect(node.textContent).toContain('my-adapter@1adapter · 1 MB✓ verified✗ rejected');
    expect(node.textContent).toContain('Held-out loss2.72 → 2.25 −17.3 %');
    button(node, 'Merge into a model…').click();
    expect(workbench.opened).toEqual([
      ['run', { template: 'merge', changes: { adapter: 'my-adapter@1' } }]
    ]);
    model.dispose();
  });

  it('says why what was made is not verified', async () => {
    const done = job({ state: 'succeeded', artifacts: ['my-adapter@1'] });
    const problem = { detail: 'weights.safetensors was changed.', hint: '' };
    const { model, view } = await heard(done, ({ path }) =>
      path.endsWith('/verify') ? { verified: false, problem } : MADE
    );
    await until(() => model.made[0]?.badge.kind === 'refused');
    expect((await shown(view)).textContent).toContain('not verified: weights.safetensors was');
    model.dispose();
  });

  it('says why it was not cancelled', async () => {
    const { model, view } = await heard(
      job(),
      () =>
        new Response(JSON.stringify({ code: 'job_ended', detail: 'It has ended.', status: 409 }), {
          status: 409,
          headers: { 'Content-Type': 'application/problem+json' }
        })
    );
    await model.cancel();
    await until(() => view.node.textContent.includes('It has ended.'));
    model.dispose();
  });

  it('says so when there is no such job', async () => {
    const problem = { code: 'job_not_found', detail: 'There is no job sft-1.', status: 404 };
    const workbench = new TestWorkbench(
      () =>
        new Response(JSON.stringify(problem), {
          status: 404,
          headers: { 'Content-Type': 'application/problem+json' }
        })
    );
    const model = new RunModel(workbench, 'sft-1');
    await until(() => model.problem !== null);
    const view = new RunView(model, () => Promise.resolve());
    expect((await shown(view)).textContent).toContain('There is no job sft-1.');
    model.dispose();
  });
});
