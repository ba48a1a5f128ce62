import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** Letters of a digest that are enough for eyes. */
const SHORT = 12;

/** A digest, shortened, with a button that copies all of it. */
export function Digest(props: { value: string; trans: TranslationBundle }): React.JSX.Element {
  const { trans, value } = props;
  const [copied, setCopied] = React.useState(false);
  const Icon = copied ? checkIcon : copyIcon;
  return (
    <span className="jp-ModelOps-digest">
      <code title={value}>{value.slice(0, value.indexOf(':') + 1 + SHORT)}</code>
      <button
        className="jp-ModelOps-plain"
        aria-label={trans.__('Copy %1', value)}
        title={trans.__('Copy')}
        onClick={() => {
          Clipboard.copyToSystem(value);
          setCopied(true);
        }}
        onBlur={() => {
          setCopied(false);
        }}
      >
        <Icon.react tag="span" />
      </button>
      <span className="jp-ModelOps-unseen" role="status">
        {copied ? trans.__('Copied') : ''}
      </span>
    </span>
  );
}
