import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Problem, Progress } from '../components';
import { useModel } from './context';
import { pickedFrom, pickedOf } from './dropped';
import type { IPicked, Uploads } from './upload';

/** What JupyterLab's file browser says is dragged out of it: paths below the server's root. */
const CONTENTS = 'application/x-jupyter-icontents';

interface IDropProps {
  readonly trans: TranslationBundle;
  readonly uploads: Uploads;
  /** What may be dropped, in words. */
  readonly words: string;
  /** The endings of files that can be chosen; all if it is left out. */
  readonly accept?: string;
  /** Takes many files, and folders. */
  readonly many?: boolean;
  readonly autoFocus?: boolean;
  readonly take: (picked: readonly IPicked[]) => Promise<void>;
  /** Takes what is dragged out of JupyterLab's file browser. */
  readonly takePaths?: (paths: readonly string[]) => void;
}

/** Takes files that are dropped or chosen, and shows how far they are sent. */
export function Drop(props: IDropProps): React.JSX.Element {
  const { accept, autoFocus, many, take, takePaths, trans, uploads, words } = props;
  useModel(uploads);
  const [over, setOver] = React.useState(false);
  const zone = React.useRef<HTMLDivElement>(null);
  useFileBrowser(zone, setOver, takePaths);
  const receive = (picked: Promise<readonly IPicked[]>): void => {
    void picked.then(take).catch((error: unknown) => {
      uploads.refuse(error);
    });
  };
  return (
    <div
      ref={zone}
      className="jp-ModelOps-drop"
      data-over={over}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={event => {
        event.preventDefault();
        setOver(false);
        receive(pickedFrom(event.dataTransfer));
      }}
    >
      <Choose
        label={many ? trans.__('Upload files…') : trans.__('Upload a file…')}
        name={trans.__('File to upload')}
        take={picked => {
          receive(Promise.resolve(picked));
        }}
        autoFocus={autoFocus}
        input={{ accept, multiple: many }}
      />{' '}
      {many && (
        <Choose
          label={trans.__('Upload a folder…')}
          name={trans.__('Folder to upload')}
          take={picked => {
            receive(Promise.resolve(picked));
          }}
          input={FOLDER}
        />
      )}{' '}
      {words}
      {uploads.sent !== null && (
        <div className="jp-ModelOps-row">
          <Progress label={trans.__('Uploading')} fraction={uploads.sent} />
          <button
            type="button"
            className="jp-ModelOps-link"
            onClick={() => {
              uploads.stop();
            }}
          >
            {trans.__('Stop')}
          </button>
        </div>
      )}
      {uploads.problem && <Problem problem={uploads.problem} trans={trans} />}
    </div>
  );
}

/** React does not know the attribute by which every browser lets a folder be chosen. */
const FOLDER = { webkitdirectory: '' } as React.InputHTMLAttributes<HTMLInputElement>;

function Choose(props: {
  label: string;
  name: string;
  autoFocus?: boolean;
  input: React.InputHTMLAttributes<HTMLInputElement>;
  take: (picked: readonly IPicked[]) => void;
}): React.JSX.Element {
  const input = React.useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="jp-mod-styled"
        autoFocus={props.autoFocus}
        onClick={() => input.current?.click()}
      >
        {props.label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={props.name}
        {...props.input}
        onChange={({ target }) => {
          props.take(pickedOf(target.files));
          target.value = '';
        }}
      />
    </>
  );
}

/** A drag of lumino, which JupyterLab uses instead of the browser's own. */
interface ILuminoDrag extends Event {
  readonly mimeData: { hasData(type: string): boolean; getData(type: string): unknown };
  readonly proposedAction: string;
  dropAction: string;
}

function useFileBrowser(
  zone: React.RefObject<HTMLElement | null>,
  setOver: (over: boolean) => void,
  take: ((paths: readonly string[]) => void) | undefined
): void {
  const latest = React.useRef(take);
  latest.current = take;
  React.useEffect(() => {
    const node = zone.current;
    const hear = (event: Event): void => {
      const drag = event as ILuminoDrag;
      if (!latest.current || !drag.mimeData.hasData(CONTENTS)) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      setOver(event.type === 'lm-dragenter' || event.type === 'lm-dragover');
      drag.dropAction = drag.proposedAction;
      if (event.type === 'lm-drop') {
        latest.current(drag.mimeData.getData(CONTENTS) as string[]);
      }
    };
    const types = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'];
    types.forEach(type => node?.addEventListener(type, hear));
    return () => {
      types.forEach(type => node?.removeEventListener(type, hear));
    };
  }, [zone, setOver]);
}
