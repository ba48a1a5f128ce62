import * as React from 'react';

/** Pages under each other, of which one is shown; the arrow keys go from one to the next. */
export function Tabs<T extends string>(props: {
  label: string;
  id: string;
  names: Readonly<Record<T, string>>;
  shown: T;
  show: (tab: T) => void;
  children: React.ReactNode;
}): React.JSX.Element {
  const { children, id, label, names, show, shown } = props;
  const tabs = Object.keys(names) as T[];
  const list = React.useRef<HTMLDivElement>(null);
  const pressed = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      const index = (tabs.indexOf(shown) + step + tabs.length) % tabs.length;
      event.preventDefault();
      show(tabs[index] ?? shown);
      list.current?.querySelectorAll('button')[index]?.focus();
    }
  };
  return (
    <>
      <div
        ref={list}
        className="jp-ModelOps-tabs"
        role="tablist"
        aria-label={label}
        onKeyDown={pressed}
      >
        {tabs.map(tab => (
          <button
            key={tab}
            id={`${id}-${tab}`}
            role="tab"
            aria-selected={tab === shown}
            aria-controls={`${id}-page`}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => {
              show(tab);
            }}
          >
            {names[tab]}
          </button>
        ))}
      </div>
      <div id={`${id}-page`} role="tabpanel" aria-labelledby={`${id}-${shown}`} tabIndex={0}>
        {children}
      </div>
    </>
  );
}
