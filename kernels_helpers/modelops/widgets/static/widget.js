import { artifactView } from './artifact.js';
import { askView } from './ask.js';
import { chatView } from './chat.js';
import { make } from './elements.js';
import { formView } from './form.js';
import { jobView } from './job.js';
import { Series } from './series.js';

/** What anywidget calls: once for each widget, and `render` for each place that shows it. */
export default () => {
  const series = new Series();
  return {
    initialize({ model }) {
      model.on('msg:custom', message => series.take(message));
      model.send({ kind: 'hello' });
    },

    render({ model, el }) {
      let shown = null;

      function show() {
        shown?.close();
        shown = viewOf(model, series);
        el.replaceChildren(make('div', 'root', {}, shown.element));
      }

      // Running a form turns it into its job, and back.
      function turn() {
        const isJob = Boolean(model.get('job').id);
        if (model.get('shows') === 'form' && isJob !== shown.isJob) {
          series.clear();
          show();
          // Not a button: whoever presses Enter twice means Run, not Cancel.
          shown.element.tabIndex = -1;
          shown.element.focus();
        }
      }

      show();
      model.on('change:job', turn);
      return () => {
        model.off('change:job', turn);
        shown.close();
      };
    }
  };
};

function viewOf(model, series) {
  if (model.get('shows') === 'artifact') {
    return artifactView(model);
  }
  if (model.get('shows') === 'ask') {
    return askView(model);
  }
  if (model.get('shows') === 'chat') {
    return chatView(model);
  }
  if (model.get('shows') === 'job') {
    return { ...jobView(model, series), isJob: true };
  }
  if (!model.get('job').id) {
    return { ...formView(model), isJob: false };
  }
  const back = make(
    'button',
    'button',
    { type: 'button', click: () => model.send({ kind: 'back' }) },
    'Back to the form'
  );
  return { ...jobView(model, series, [back]), isJob: true };
}
