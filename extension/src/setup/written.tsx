import * as React from 'react';

import { Copyable } from '../components/copyable';
import { useSetup } from './context';

/** The same run as a command line and as Python, to copy. */
export function Written(): React.JSX.Element | null {
  const { readiness, workbench } = useSetup();
  const { trans } = workbench;
  const [kind, setKind] = React.useState<'command' | 'python' | null>(null);
  const { answer } = readiness;
  if (!answer) {
    return null;
  }
  const button = (wanted: 'command' | 'python', label: string): React.JSX.Element => (
    <button
      type="button"
      className="jp-ModelOps-link"
      aria-expanded={kind === wanted}
      onClick={() => {
        setKind(kind === wanted ? null : wanted);
      }}
    >
      {label}
    </button>
  );
  return (
    <section className="jp-ModelOps-written" aria-label={trans.__('The same run, written down')}>
      {'</>'} {button('command', trans.__('as command'))} ·{' '}
      {button('python', trans.__('as Python'))}
      {kind && <Copyable text={answer[kind]} trans={trans} />}
    </section>
  );
}
