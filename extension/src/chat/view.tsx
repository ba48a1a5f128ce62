import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Answer } from './answer';
import { Choosing } from './choosing';
import { Composer } from './composer';
import { Heads } from './heads';
import type { ChatModel } from './model';
import { answerOf, ITurn } from './turns';

/** Pixels from the end within which a reader is taken to follow what is written there. */
const NEAR = 40;

/** A chat: the models side by side, what was said, and the box for the next prompt. */
export class ChatView extends VDomRenderer<ChatModel> {
  /**
   * @param rendermime - Shows what models write; it must be made for that.
   * @param open - Opens a file by its path.
   */
  constructor(
    model: ChatModel,
    private readonly rendermime: IRenderMimeRegistry,
    private readonly open: (path: string) => void
  ) {
    super(model);
    this.addClass('jp-ModelOps-Chat');
  }

  protected override render(): React.JSX.Element {
    const { model, open, rendermime } = this;
    return model.chat.columns.length === 0 ? (
      <Choosing model={model} />
    ) : (
      <>
        <Conversation model={model} rendermime={rendermime} />
        <div className="jp-ModelOps-unseen" role="status" aria-live="polite">
          {model.announcement}
        </div>
        <Composer model={model} open={open} />
      </>
    );
  }
}

function Conversation(props: {
  model: ChatModel;
  rendermime: IRenderMimeRegistry;
}): React.JSX.Element {
  const { model, rendermime } = props;
  const { columns, dropped, turns } = model.chat;
  const { trans } = model.workbench;
  const { inner, outer } = useFollowing(turns.length);
  return (
    <div
      ref={outer}
      className="jp-ModelOps-conversation"
      tabIndex={0}
      role="region"
      aria-label={trans.__('Conversation')}
    >
      <div
        ref={inner}
        className="jp-ModelOps-lanes"
        style={{ '--modelops-columns': columns.length } as React.CSSProperties}
      >
        <Heads model={model} />
        {dropped > 0 && (
          <p className="jp-ModelOps-hint">
            {trans._n(
              '%1 earlier prompt was too much to be kept when the page was reloaded.',
              '%1 earlier prompts were too much to be kept when the page was reloaded.',
              dropped
            )}
          </p>
        )}
        {turns.map((turn, index) => (
          <Turn
            key={turn.id}
            turn={turn}
            number={index + 1}
            model={model}
            rendermime={rendermime}
            last={turn === model.last}
          />
        ))}
      </div>
    </div>
  );
}

function Turn(props: {
  turn: ITurn;
  number: number;
  model: ChatModel;
  rendermime: IRenderMimeRegistry;
  last: boolean;
}): React.JSX.Element {
  const { last, model, number, rendermime, turn } = props;
  const { columns, plain } = model.chat;
  const { trans } = model.workbench;
  return (
    <section aria-label={trans.__('Prompt %1', number)}>
      <div className="jp-ModelOps-asked">
        <div className="jp-ModelOps-said">{turn.prompt}</div>
        {last && !model.running && !model.editing && (
          <button
            type="button"
            className="jp-ModelOps-link"
            onClick={() => {
              model.edit();
            }}
          >
            {trans.__('Edit')}
          </button>
        )}
      </div>
      <div className="jp-ModelOps-answers">
        {columns.map(({ id, model: name }) => {
          const answer = answerOf(turn, id);
          const again = (): void => void model.regenerate(id);
          return answer ? (
            <Answer
              key={id}
              answer={answer}
              model={name}
              plain={plain}
              rendermime={rendermime}
              trans={trans}
              again={last ? again : null}
              stop={() => {
                model.stop(id);
              }}
              vote={vote => {
                model.vote(turn.id, id, vote);
              }}
            />
          ) : (
            <div key={id} className="jp-ModelOps-hint">
              {trans.__('Not asked.')}{' '}
              {last && (
                <button type="button" className="jp-ModelOps-link" onClick={again}>
                  {trans.__('Ask it, too')}
                </button>
              )}
            </div>
          );
        })}
      </div>
    </section>
  );
}

/** Keeps the end in sight while it grows, unless the reader has gone up; a new turn leads back there. */
function useFollowing(turns: number): {
  outer: React.RefObject<HTMLDivElement>;
  inner: React.RefObject<HTMLDivElement>;
} {
  const outer = React.useRef<HTMLDivElement>(null);
  const inner = React.useRef<HTMLDivElement>(null);
  const following = React.useRef(true);
  const show = (): void => {
    if (outer.current && following.current) {
      outer.current.scrollTop = outer.current.scrollHeight;
    }
  };
  React.useEffect(() => {
    following.current = true;
    show();
  }, [turns]);
  React.useEffect(() => {
    const area = outer.current;
    if (!area || !inner.current || typeof ResizeObserver === 'undefined') {
      return;
    }
    const note = (): void => {
      following.current = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR;
    };
    area.addEventListener('scroll', note);
    const grows = new ResizeObserver(show);
    grows.observe(inner.current);
    grows.observe(area);
    return () => {
      area.removeEventListener('scroll', note);
      grows.disconnect();
    };
  }, []);
  return { outer, inner };
}
