import * as React from 'react';

/** A button whose deed is asked about in its place, for what cannot be taken back. */
export function Question(props: {
  /** What the button says before. */
  button: string;
  /** What is asked. */
  question: string;
  /** What is lost or kept, in sentences. */
  consequence?: string;
  yes: string;
  no: string;
  /** The button as a word in the text. */
  quiet?: boolean;
  disabled?: boolean;
  onYes: () => void;
}): React.JSX.Element {
  const { button, consequence, disabled, no, onYes, question, quiet, yes } = props;
  const [asked, ask] = React.useState(false);
  return asked ? (
    <span className="jp-ModelOps-question" role="group" aria-label={question}>
      {consequence !== undefined && <>{consequence} </>}
      <button
        type="button"
        className="jp-mod-styled jp-mod-warn"
        onClick={() => {
          ask(false);
          onYes();
        }}
      >
        {yes}
      </button>
      <button
        type="button"
        className="jp-mod-styled"
        autoFocus
        onClick={() => {
          ask(false);
        }}
      >
        {no}
      </button>
    </span>
  ) : (
    <button
      type="button"
      className={quiet ? 'jp-ModelOps-link' : 'jp-mod-styled'}
      disabled={disabled ?? false}
      onClick={() => {
        ask(true);
      }}
    >
      {button}
    </button>
  );
}
