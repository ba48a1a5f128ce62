import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** Code to read and to copy. */
export function Copyable(props: { text: string; trans: TranslationBundle }): React.JSX.Element {
  const { text, trans } = props;
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    setCopied(false);
  }, [text]);
  return (
    <div className="jp-ModelOps-copyable">
      <pre tabIndex={0}>{text}</pre>
      <button
        type="button"
        className="jp-mod-styled"
        onClick={() => {
          Clipboard.copyToSystem(text);
          setCopied(true);
        }}
      >
        <span aria-live="polite">{copied ? trans.__('Copied') : trans.__('Copy')}</span>
      </button>
    </div>
  );
}
