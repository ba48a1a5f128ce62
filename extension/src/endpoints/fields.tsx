import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IAsked, NumberField, wrong } from './asking';
import { Engines } from './engines';
import type { ServeModel } from './serving';
import { Subject } from './subject';

/** What is chosen: first what matters, the rest below. */
export function Fields({ model }: { model: ServeModel }): React.JSX.Element {
  const { asked, workbench } = model;
  const { trans } = workbench;
  const plan = model.plan.value;
  const [open, setOpen] = React.useState(() =>
    ADVANCED.some(name => model.arguments.form?.[name] !== undefined)
  );
  const rejected = plan?.problem?.code === 'rejected' || asked.allowRejected;
  return (
    <>
      <Subject model={model} />
      {rejected && (
        <div className="jp-ModelOps-field">
          <label>
            <input
              type="checkbox"
              checked={asked.allowRejected}
              onChange={({ target }) => {
                model.change({ allowRejected: target.checked });
              }}
            />{' '}
            {trans.__('Serve it although it was rejected when it was made')}
          </label>
        </div>
      )}
      <Field
        model={model}
        name="name"
        label={trans.__('Name')}
        help={trans.__('By it requests choose the endpoint.')}
        placeholder={plan?.name ?? ''}
      />
      <Engines model={model} />
      <details
        className="jp-ModelOps-advanced"
        open={open}
        onToggle={({ currentTarget }) => {
          setOpen(currentTarget.open);
        }}
      >
        <summary>{trans.__('Advanced')}</summary>
        <AdapterChoice model={model} />
        <Field
          model={model}
          name="context"
          number
          label={trans.__('Context')}
          help={trans.__('Most tokens of prompt and answer of one request; they take memory.')}
          placeholder={plan?.context ? String(plan.context) : trans.__('as the model was made for')}
        />
        <Field
          model={model}
          name="parallel"
          number
          label={trans.__('Requests at the same time')}
          help={trans.__('More of them wait for their turn.')}
          placeholder="4"
        />
        <Field
          model={model}
          name="memory"
          number
          label={trans.__('Memory limit in GB')}
          help={trans.__('Above it the engine is started anew.')}
          placeholder={trans.__('none')}
        />
        <Field
          model={model}
          name="idle"
          number
          label={trans.__('Minutes idle')}
          help={trans.__('It stops after so many minutes without a request.')}
          placeholder={trans.__('never')}
        />
        <Parity model={model} />
      </details>
    </>
  );
}

const ADVANCED = ['adapters', 'context', 'parallel', 'memory', 'idle', 'parity'] as const;

type TextField = NumberField | 'name';

function Field(props: {
  model: ServeModel;
  name: TextField;
  label: string;
  help: string;
  placeholder: string;
  number?: boolean;
}): React.JSX.Element {
  const { help, label, model, name, number, placeholder } = props;
  const id = React.useId();
  const { trans } = model.workbench;
  const problem = name === 'name' ? null : wrong(model.asked, name, trans);
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label">
        <label htmlFor={id}>{label}</label>
      </div>
      <input
        id={id}
        className="jp-mod-styled"
        type="text"
        inputMode={number ? 'decimal' : 'text'}
        data-number={number ?? false}
        autoComplete="off"
        spellCheck={false}
        value={model.asked[name]}
        placeholder={placeholder}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => {
          model.change({ [name]: target.value });
        }}
      />
      <div id={`${id}-help`}>
        {problem && <div className="jp-ModelOps-fieldproblem">{problem}</div>}
        <div className="jp-ModelOps-help">{help}</div>
      </div>
    </div>
  );
}

/** The adapters that are served beside the model, by their own names. */
function AdapterChoice({ model }: { model: ServeModel }): React.JSX.Element {
  const { adapters, asked, workbench } = model;
  const { trans } = workbench;
  const id = React.useId();
  const others = adapters.filter(({ name, ref }) => ref !== asked.ref && name !== asked.ref);
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label" id={id}>
        <span className="jp-ModelOps-legendword">{trans.__('Adapters beside it')}</span>
      </div>
      {others.length === 0 ? (
        <div className="jp-ModelOps-help">
          {trans.__('None fits this model. A training on it makes one.')}
        </div>
      ) : (
        <div role="group" className="jp-ModelOps-radios" aria-labelledby={id}>
          {others.map(({ metadata, ref }) => (
            <label key={ref}>
              <input
                type="checkbox"
                checked={asked.adapters.includes(ref)}
                onChange={({ target }) => {
                  const rest = asked.adapters.filter(one => one !== ref);
                  model.change({ adapters: target.checked ? [...rest, ref] : rest });
                }}
              />
              {typeof metadata.base_model === 'string'
                ? trans.__('%1 (of %2)', ref, metadata.base_model)
                : ref}
            </label>
          ))}
        </div>
      )}
    </div>
  );
}

function Parity({ model }: { model: ServeModel }): React.JSX.Element {
  const { trans } = model.workbench;
  const id = React.useId();
  const policies: Record<IAsked['parity'], string> = {
    refuse: trans.__('do not serve it'),
    warn: trans.__('serve it, and say so'),
    off: trans.__('do not compare')
  };
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label">
        <label htmlFor={id}>{trans.__('If it answers otherwise than when it was evaluated')}</label>
      </div>
      <HTMLSelect
        id={id}
        value={model.asked.parity}
        onChange={({ target }) => {
          model.change({ parity: target.value as IAsked['parity'] });
        }}
      >
        {Object.entries(policies).map(([policy, said]) => (
          <option key={policy} value={policy}>
            {said}
          </option>
        ))}
      </HTMLSelect>
    </div>
  );
}
