import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Ago, Empty, Problem, Progress, Rejected } from '../components';
import { Compare } from '../components/compare';
import { Pages } from '../components/pages';
import { bytes, count } from '../format';
import { IRow, ListingModel, MOST_COMPARED, PAGE } from './listing';
import { kindIcon, kindName, KINDS, kindsName } from './kinds';

/** All artifacts: found by kind and words, opened by a click or by keyboard. */
export class ListingView extends VDomRenderer<ListingModel> {
  protected override render(): React.JSX.Element {
    const { problem, rows, state, workbench } = this.model;
    const { trans } = workbench;
    return (
      <>
        <Filters model={this.model} />
        {problem && <Problem problem={problem} trans={trans} />}
        {state.kind === 'loading' && (
          <Progress label={trans.__('Asking the server…')} fraction={null} />
        )}
        {state.kind === 'failed' && (
          <Problem problem={state.problem} trans={trans} again={() => void this.model.refresh()} />
        )}
        {state.kind === 'ready' && rows.length === 0 && <Nothing model={this.model} />}
        {rows.length > 0 && <Grid model={this.model} />}
        {state.kind === 'ready' && (
          <Pages
            offset={this.model.offset}
            size={PAGE}
            total={state.value.total}
            turn={offset => {
              this.model.turn(offset);
            }}
            trans={trans}
          />
        )}
      </>
    );
  }
}

function Filters({ model }: { model: ListingModel }): React.JSX.Element {
  const { trans } = model.workbench;
  const counts = model.state.kind === 'ready' ? model.state.value.kinds : {};
  const all = Object.values(counts).reduce((sum, number) => sum + number, 0);
  return (
    <div className="jp-ModelOps-filters" role="search">
      <input
        type="search"
        autoFocus
        className="jp-mod-styled"
        placeholder={trans.__('Search by name, alias or job')}
        aria-label={trans.__('Search artifacts')}
        value={model.search}
        onChange={event => {
          model.find(event.target.value);
        }}
      />
      <div className="jp-ModelOps-kinds" role="group" aria-label={trans.__('Kind')}>
        <Kind model={model} kind={null} label={trans.__('All')} number={all} />
        {KINDS.filter(kind => kind in counts || kind === model.kind).map(kind => (
          <Kind
            key={kind}
            model={model}
            kind={kind}
            label={kindsName(kind, trans)}
            number={counts[kind] ?? 0}
          />
        ))}
      </div>
      <span className="jp-ModelOps-deeds jp-ModelOps-next">
        <Compare
          picked={model.picked}
          title={trans.__('Select two to %1 artifacts to compare them', MOST_COMPARED)}
          compare={artifacts => {
            model.workbench.open('artifact-comparison', { artifacts });
          }}
          trans={trans}
        />
      </span>
    </div>
  );
}

function Kind(props: {
  model: ListingModel;
  kind: ListingModel['kind'];
  label: string;
  number: number;
}): React.JSX.Element {
  const { kind, label, model, number } = props;
  return (
    <button
      aria-pressed={model.kind === kind}
      onClick={() => {
        model.select(kind);
      }}
    >
      {label} <span className="jp-ModelOps-count">{count(number)}</span>
    </button>
  );
}

function Nothing({ model }: { model: ListingModel }): React.JSX.Element {
  const { trans } = model.workbench;
  return model.unfiltered ? (
    <Empty
      sentence={trans.__(
        'Datasets, models and what you make of them are kept here, signed: each says who made it from what.'
      )}
    >
      <button
        className="jp-mod-styled jp-mod-accept"
        onClick={() => {
          model.workbench.open('run', {});
        }}
      >
        {trans.__('Fine-tune the example')}
      </button>
    </Empty>
  ) : (
    <Empty sentence={trans.__('No artifact fits this.')}>
      <button
        className="jp-mod-styled"
        onClick={() => {
          model.find('');
          model.select(null);
        }}
      >
        {trans.__('Show all')}
      </button>
    </Empty>
  );
}

/** The rows, of which one can be reached by Tab and the others from there by arrow keys. */
function Grid({ model }: { model: ListingModel }): React.JSX.Element {
  const { trans } = model.workbench;
  const { rows } = model;
  const [current, setCurrent] = React.useState('');
  const body = React.useRef<HTMLTableSectionElement>(null);
  const reached = Math.max(
    0,
    rows.findIndex(row => row.artifact.ref === current)
  );
  const go = (index: number): void => {
    const row = body.current?.rows[Math.min(Math.max(index, 0), rows.length - 1)];
    row?.focus();
  };
  const pressed = (event: React.KeyboardEvent, row: IRow, index: number): void => {
    const toggle = (expanded: boolean): void => {
      if (row.expanded === !expanded) {
        void model.toggle(row.artifact);
      } else if (row.older && !expanded) {
        go(rows.findIndex(other => other.artifact.name === row.artifact.name));
      }
    };
    const actions: Record<string, () => void> = {
      ArrowDown: () => {
        go(index + 1);
      },
      ArrowUp: () => {
        go(index - 1);
      },
      Home: () => {
        go(0);
      },
      End: () => {
        go(rows.length - 1);
      },
      ArrowRight: () => {
        toggle(true);
      },
      ArrowLeft: () => {
        toggle(false);
      },
      Enter: () => {
        open(model, row);
      },
      ' ': () => {
        model.picked.set(row.artifact.ref, !model.picked.has(row.artifact.ref));
      }
    };
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  };
  return (
    <table
      className="jp-ModelOps-grid"
      role="treegrid"
      aria-label={trans.__('Artifacts')}
      aria-multiselectable
    >
      <thead>
        <tr>
          <th scope="col">
            <span className="jp-ModelOps-unseen">{trans.__('Select')}</span>
          </th>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Kind')}</th>
          <th scope="col">{trans.__('Aliases')}</th>
          <th scope="col" className="jp-ModelOps-quantity">
            {trans.__('Size')}
          </th>
          <th scope="col">{trans.__('Made by')}</th>
          <th scope="col">{trans.__('Made')}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, index) => (
          <tr
            key={row.artifact.ref}
            aria-level={row.older ? 2 : 1}
            aria-selected={model.picked.has(row.artifact.ref)}
            {...(row.expanded === null ? {} : { 'aria-expanded': row.expanded })}
            tabIndex={index === reached ? 0 : -1}
            onFocus={() => {
              setCurrent(row.artifact.ref);
            }}
            onKeyDown={event => {
              pressed(event, row, index);
            }}
            onClick={() => {
              open(model, row);
            }}
          >
            <Pick model={model} row={row} />
            <Cells row={row} trans={trans} toggle={() => void model.toggle(row.artifact)} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Picks a row to be compared; by keyboard it is the space bar, on the row. */
function Pick(props: { model: ListingModel; row: IRow }): React.JSX.Element {
  const { model, row } = props;
  const { ref } = row.artifact;
  return (
    <td
      className="jp-ModelOps-pick"
      onClick={event => {
        event.stopPropagation();
      }}
    >
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={model.workbench.trans.__('Select %1', ref)}
        checked={model.picked.has(ref)}
        onChange={event => {
          model.picked.set(ref, event.target.checked);
        }}
      />
    </td>
  );
}

function open(model: ListingModel, row: IRow): void {
  model.workbench.open('artifact', { ref: row.artifact.ref });
}

function Cells(props: {
  row: IRow;
  trans: TranslationBundle;
  toggle: () => void;
}): React.JSX.Element {
  const { row, toggle, trans } = props;
  const { artifact, expanded, older } = row;
  const Icon = kindIcon(artifact.kind);
  const Caret = expanded ? caretDownIcon : caretRightIcon;
  return (
    <>
      <td className="jp-ModelOps-title" data-older={older}>
        {expanded === null ? (
          <span className="jp-ModelOps-caret" />
        ) : (
          // By keyboard it is the arrow keys that fold and unfold.
          <span
            className="jp-ModelOps-caret"
            aria-hidden="true"
            title={expanded ? trans.__('Hide older versions') : trans.__('Show older versions')}
            onClick={event => {
              event.stopPropagation();
              toggle();
            }}
          >
            <Caret.react tag="span" />
          </span>
        )}
        {!older && <Icon.react tag="span" className="jp-ModelOps-icon" />}
        <span>
          {!older && artifact.name}
          <span className="jp-ModelOps-version">@{artifact.version}</span>
        </span>
      </td>
      <td>{kindName(artifact.kind, trans)}</td>
      <td>
        {artifact.aliases.map(alias => (
          <span key={alias} className="jp-ModelOps-alias">
            {alias}
          </span>
        ))}
        <Rejected reasons={artifact.rejected} trans={trans} />
      </td>
      <td className="jp-ModelOps-quantity">{bytes(artifact.size)}</td>
      <td className="jp-ModelOps-quiet">{artifact.job ?? trans.__('added')}</td>
      <td className="jp-ModelOps-quiet">
        <Ago time={artifact.created} trans={trans} />
      </td>
    </>
  );
}
