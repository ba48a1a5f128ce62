import { charts } from './chart.js';
import { make, say, troubleBox } from './elements.js';

/** A job as it runs: its state, its progress, its curves, its log, and how it ended. */

/**
 * @param model - The widget; its trait `job` is the job in words.
 * @param series - The measures and the log.
 * @param more - Further buttons.
 */
export function jobView(model, series, more = []) {
  const curves = charts();
  const state = make('span', 'state', { role: 'status' });
  const where = make('div', 'where');
  const bar = make('progress', 'bar', { max: 1, 'aria-label': 'Progress of the running cell' });
  const note = make('div', 'note');
  const outcome = make('div', 'outcome', { 'aria-live': 'polite' });
  const log = make('pre', 'log', {
    tabindex: 0,
    role: 'log',
    'aria-label': 'Log',
    'aria-live': 'off'
  });
  const title = make('strong', 'title');
  const id = make('code', 'id');
  const cancel = make(
    'button',
    'button',
    { type: 'button', click: () => model.send({ kind: 'cancel' }) },
    'Cancel'
  );
  const kept = make('span', 'hint', {}, 'The notebook so far, its log and checkpoints are kept.');
  const element = make(
    'section',
    'job',
    { 'aria-label': 'Job' },
    make('div', 'head', {}, title, id, state),
    where,
    bar,
    note,
    outcome,
    curves.element,
    make('details', 'logBox', { open: true }, make('summary', '', {}, 'Log'), log),
    make('div', 'buttons', {}, cancel, kept, ...more)
  );
  let shownOutcome = '';

  function showState() {
    const job = model.get('job');
    if (!job.id) {
      return;
    }
    element.dataset.state = job.state;
    say(title, job.title);
    say(id, job.id);
    say(
      state,
      `${job.mark} ${job.cancelling ? 'cancelling' : job.state}${job.duration ? ` after ${job.duration}` : ''}`
    );
    say(where, [job.waiting, job.cell, job.step, job.left].filter(Boolean).join(' · '));
    say(note, job.note);
    bar.hidden = job.ended || job.fraction === null;
    bar.value = job.fraction ?? 0;
    cancel.hidden = kept.hidden = job.ended;
    cancel.disabled = job.cancelling;
    const now = JSON.stringify([job.reason, job.artifacts, job.trouble]);
    if (now !== shownOutcome) {
      shownOutcome = now;
      outcome.replaceChildren(...outcomeOf(job));
    }
  }

  function showGrowth() {
    curves.update(() => series.points);
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
    say(log, series.log);
    if (atEnd) {
      log.scrollTop = log.scrollHeight;
    }
  }

  model.on('change:job', showState);
  const forget = series.onChange(showGrowth);
  showState();
  showGrowth();
  return {
    element,
    close() {
      model.off('change:job', showState);
      forget();
    }
  };
}

function outcomeOf(job) {
  const parts = [];
  if (job.trouble.message) {
    parts.push(troubleBox(job.trouble));
  }
  if (job.reason.message) {
    parts.push(
      make('div', 'reason', {}, make('strong', '', {}, job.reason.message)),
      job.reason.hint ? make('div', 'hint', {}, job.reason.hint) : '',
      job.reason.lines.length
        ? make(
            'pre',
            'traceback',
            { tabindex: 0, 'aria-label': 'Traceback' },
            job.reason.lines.join('\n')
          )
        : ''
    );
  }
  if (job.artifacts.length) {
    const made = job.artifacts.map(ref => make('li', '', {}, make('code', '', {}, ref)));
    parts.push(
      make('div', '', {}, 'Made, signed and registered:'),
      make('ul', 'made', {}, ...made)
    );
  }
  return parts;
}
