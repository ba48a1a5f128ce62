import { HTMLSelect } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Artifact } from '../api';
import { fits } from '../artifacts/steps';
import { Ago, Problem } from '../components';
import { bytes, count } from '../format';
import { Adding } from './adding';
import { AtWork } from './atwork';
import { useModel } from './context';
import { AddDataset } from './dataset';
import { EXAMPLE_MODEL, exampleOf } from './examples';
import { AddModel } from './addmodel';
import type { SetupModel } from './model';
import type { IParameter, ReferenceKind } from './parameters';
import { meant, reference } from './references';

interface IPickerProps {
  readonly id: string;
  readonly model: SetupModel;
  readonly parameter: IParameter;
  /** The kind of artifact that it names. */
  readonly kind: ReferenceKind;
  readonly described: { 'aria-describedby': string; 'aria-invalid': boolean };
}

/** Picks a registered artifact, or adds one in place. */
export function Picker(props: IPickerProps): React.JSX.Element {
  const { id, kind, model, parameter, described } = props;
  const { name, nullable, title } = parameter;
  const { trans } = model.workbench;
  const known = model.references.of(kind);
  useModel(known);
  const adding = useAdding(model, parameter, kind);
  useModel(adding);
  const all = known.value ?? [];
  const value = (model.values[name] ?? '') as string;
  const chosen = meant(all, value);
  const { template } = model;
  const artifacts = all.filter(
    item => item === chosen || template === null || fits(template, item)
  );
  const example = exampleOf(kind, template);
  const open = model.adding === name;
  const addable = kind === 'model' || kind === 'dataset';
  // Where nothing is asked for, nothing is missing.
  const absent = !chosen && !(nullable && value === '');
  return (
    <div
      className="jp-ModelOps-picker"
      onDragOver={event => {
        if (kind === 'dataset' && event.dataTransfer.types.includes('Files')) {
          event.preventDefault();
          model.adding = name;
        }
      }}
    >
      <div className="jp-ModelOps-pickerline">
        <HTMLSelect
          id={id}
          value={chosen?.ref ?? value}
          onChange={({ target }) => {
            const picked = artifacts.find(({ ref }) => ref === target.value);
            const empty = target.value === '' && nullable ? null : target.value;
            model.change({ [name]: picked ? reference(artifacts, picked) : empty });
          }}
          {...described}
        >
          {(nullable || value === '') && <option value="">{trans.__('none')}</option>}
          {!chosen && value !== '' && <option value={value}>{unregistered(value, trans)}</option>}
          {artifacts.map(artifact => (
            <option key={artifact.ref} value={artifact.ref}>
              {trans.__('%1 (%2)', artifact.ref, summary(artifact, trans))}
            </option>
          ))}
        </HTMLSelect>
        {addable && (
          <button
            type="button"
            className="jp-mod-styled"
            aria-expanded={open}
            aria-label={trans.__('Add to %1', title)}
            onClick={() => {
              model.adding = open ? null : name;
            }}
          >
            {trans.__('Add…')}
          </button>
        )}
      </div>
      {known.state.kind === 'failed' && (
        <Problem problem={known.state.problem} trans={trans} again={() => void known.refresh()} />
      )}
      {chosen && <Chosen model={model} artifact={chosen} />}
      {adding.busy ? (
        <AtWork adding={adding} trans={trans} />
      ) : (
        adding.problem && <Problem problem={adding.problem} trans={trans} />
      )}
      {known.state.kind === 'ready' && absent && !open && !adding.busy && (
        <div id={`${id}__problem`} className="jp-ModelOps-absent">
          <span>
            {artifacts.length > 0 || (value !== '' && !example)
              ? trans.__('No %1 of this name is registered.', kindName(kind, trans))
              : trans.__('There is no %1 yet.', kindName(kind, trans))}
          </span>
          {example && (
            <button
              type="button"
              className="jp-mod-styled jp-mod-accept"
              onClick={() => {
                void adding.start(server => example.add(server, plain(value) ?? example.name));
              }}
            >
              {trans.__('Use the example')}
            </button>
          )}
          <span>{example ? example.note(trans) : madeBy(kind, trans)}</span>
        </div>
      )}
      {open && addable && (
        <section className="jp-ModelOps-adding" aria-label={trans.__('Add to %1', title)}>
          {kind === 'dataset' ? (
            <AddDataset model={model} adding={adding} />
          ) : (
            <AddModel adding={adding} example={example ?? EXAMPLE_MODEL} trans={trans} />
          )}
        </section>
      )}
    </div>
  );
}

/** What adds to the kind that a parameter names; it goes on with what the server was at work on already. */
function useAdding(model: SetupModel, parameter: IParameter, kind: ReferenceKind): Adding {
  const adding = React.useMemo(() => new Adding(model.workbench.api), [model]);
  const { references } = model;
  React.useEffect(() => {
    const adopt = (): void => {
      const task = references.tasks.value?.find(
        ({ kind: of, state }) => of === `add-${kind}` && state === 'running'
      );
      if (task && !adding.task) {
        adding.follow(task);
      }
    };
    const take = async (_: Adding, artifact: Artifact): Promise<void> => {
      const known = references.of(kind);
      await known.refresh();
      model.adding = null;
      model.change({ [parameter.name]: reference(known.value ?? [], artifact) });
    };
    const taken = (from: Adding, artifact: Artifact): void => void take(from, artifact);
    adopt();
    references.tasks.stateChanged.connect(adopt);
    adding.added.connect(taken);
    return () => {
      references.tasks.stateChanged.disconnect(adopt);
      adding.added.disconnect(taken);
    };
  }, [adding, model, parameter, kind]);
  React.useEffect(
    () => () => {
      adding.dispose();
    },
    [adding]
  );
  return adding;
}

/** What is known of the artifact that was picked. */
function Chosen(props: { model: SetupModel; artifact: Artifact }): React.JSX.Element {
  const { artifact, model } = props;
  const { trans } = model.workbench;
  const detail = model.references.detail(artifact.ref);
  useModel(detail);
  const signer = detail.value?.signer;
  const problem = detail.value?.problem;
  return (
    <div className="jp-ModelOps-chosen">
      {signer && (
        <span className="jp-ModelOps-verified" title={trans.__('Signed with the key %1', signer)}>
          {trans.__('✓ signed')}
        </span>
      )}
      {problem && (
        <span className="jp-ModelOps-fieldproblem" title={problem.hint}>
          {trans.__('✗ %1', problem.detail)}
        </span>
      )}
      <Ago time={artifact.created} trans={trans} />
      <button
        type="button"
        className="jp-ModelOps-link"
        onClick={() => {
          model.workbench.open('artifact', { ref: artifact.ref });
        }}
      >
        {trans.__('details')}
      </button>
    </div>
  );
}

/** How big it is: rows where it says so, and bytes. */
function summary({ metadata, size }: Artifact, trans: TranslationBundle): string {
  return typeof metadata.rows === 'number'
    ? trans.__('%1 rows, %2', count(metadata.rows), bytes(size))
    : bytes(size);
}

function unregistered(value: string, trans: TranslationBundle): string {
  return value.startsWith('job:')
    ? trans.__('what the job %1 makes', value.slice('job:'.length))
    : trans.__('%1 (not registered)', value);
}

function kindName(kind: ReferenceKind, trans: TranslationBundle): string {
  const names: Record<ReferenceKind, string> = {
    dataset: trans.__('dataset'),
    model: trans.__('model'),
    adapter: trans.__('adapter'),
    index: trans.__('index')
  };
  return names[kind];
}

/** What makes one, where none can be added by hand. */
function madeBy(kind: ReferenceKind, trans: TranslationBundle): string {
  return kind === 'index'
    ? trans.__('An indexing run makes one.')
    : trans.__('A training makes one.');
}

/** The name that a reference asks for; `null` where it asks for a version of it, or for something else. */
function plain(value: string): string | null {
  return /^[a-z0-9][a-z0-9._-]*$/.test(value) ? value : null;
}
