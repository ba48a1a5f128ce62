import * as React from 'react';

/** Where text is written that Enter sends; Shift+Enter begins a new line. */
export function Prompt(props: {
  label: string;
  value: string;
  placeholder: string;
  rows: number;
  onChange: (value: string) => void;
  onSend: () => void;
  onEscape?: () => void;
  /** Takes the focus when this becomes true. */
  wanted?: boolean;
}): React.JSX.Element {
  const { label, value, placeholder, rows, onChange, onSend, onEscape, wanted } = props;
  const id = React.useId();
  const box = React.useRef<HTMLTextAreaElement>(null);
  React.useEffect(() => {
    if (wanted) {
      box.current?.focus();
    }
  }, [wanted]);
  return (
    <>
      <label className="jp-ModelOps-unseen" htmlFor={id}>
        {label}
      </label>
      <textarea
        id={id}
        ref={box}
        className="jp-mod-styled"
        rows={rows}
        value={value}
        placeholder={placeholder}
        onChange={({ target }) => {
          onChange(target.value);
        }}
        onKeyDown={event => {
          // Enter also chooses among the signs that an input method offers.
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            onSend();
          } else if (event.key === 'Escape') {
            onEscape?.();
          }
        }}
      />
    </>
  );
}
