import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { AboutModel } from './model';
import { AboutView } from './view';

const HEALTH = {
  status: 'ok',
  version: '1.2.3',
  state_home: '/home/ada/modelops',
  state_home_writable: true,
  disk_full: false
};

/** The settings of a Jupyter server at `/hub/ada/` that answers every request with `answer`. */
function server(answer: (url: string) => Response | Promise<Response>): ServerConnection.ISettings {
  return ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/hub/ada/',
    fetch: async input => answer((input as Request).url)
  });
}

function json(body: unknown, status = 200, type = 'application/json'): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } });
}

/** The text that a person reads once the server was asked. */
async function read(settings: ServerConnection.ISettings, version = '1.2.3'): Promise<string> {
  const model = new AboutModel(version, settings);
  const view = new AboutView(model, nullTranslator.load('jupyterlab_modelops'));
  Widget.attach(view, document.body);
  await model.refresh();
  MessageLoop.flush();
  await view.renderPromise;
  const text = view.node.textContent;
  view.dispose();
  return text;
}

describe('About', () => {
  it('asks the health of the API below the base URL', async () => {
    const asked: string[] = [];
    await read(
      server(url => {
        asked.push(url);
        return json(HEALTH);
      })
    );
    expect(asked).toEqual([
      expect.stringMatching(/^http:\/\/lab\.test\/hub\/ada\/modelops\/api\/v1\/health/)
    ]);
  });

  it('shows both versions, the state home and that all is well', async () => {
    const text = await read(server(() => json(HEALTH)));
    expect(text).toContain('Front end1.2.3');
    expect(text).toContain('Server extension1.2.3');
    expect(text).toContain('/home/ada/modelops');
    expect(text).toContain('✓The server is ready.');
  });

  it('says so when page and server are of different versions', async () => {
    const text = await read(
      server(() => json(HEALTH)),
      '1.3.0'
    );
    expect(text).toContain('!The page and the server are of different versions.');
  });

  it('says so when nothing can be stored', async () => {
    const text = await read(
      server(() => json({ ...HEALTH, status: 'degraded', state_home_writable: false }))
    );
    expect(text).toContain('!The server cannot write to its state folder');
    expect(text).toContain('Make /home/ada/modelops writable');
  });

  it('says so when the disk is full', async () => {
    const text = await read(server(() => json({ ...HEALTH, status: 'degraded', disk_full: true })));
    expect(text).toContain('!The disk is full');
    expect(text).toContain('Free some space where /home/ada/modelops is');
  });

  it('says how to install the server extension where it is missing', async () => {
    const text = await read(server(() => new Response('<h1>404</h1>', { status: 404 })));
    expect(text).toContain('✗The server extension is not loaded.');
    expect(text).toContain('jupyter server extension list');
  });

  it('passes on what the server says went wrong, and what to do', async () => {
    const problem = { code: 'forbidden', detail: 'You may not read this.', hint: 'Log in.' };
    const text = await read(server(() => json(problem, 403, 'application/problem+json')));
    expect(text).toContain('✗You may not read this.Log in.');
  });

  it('says so when the server is gone', async () => {
    const text = await read(server(() => Promise.reject(new TypeError('Failed to fetch'))));
    expect(text).toContain('✗The Jupyter server does not answer.');
  });

  it('survives an answer that is not JSON', async () => {
    const model = new AboutModel(
      '1.2.3',
      server(() => new Response('<html>', { status: 200 }))
    );
    await model.refresh();
    expect(model.server).toMatchObject({ kind: 'failed', error: { code: 'unexpected_answer' } });
  });

  it('is still asking until the server answers', () => {
    const model = new AboutModel(
      '1.2.3',
      server(() => new Promise<Response>(() => undefined))
    );
    void model.refresh();
    expect(model.server.kind).toBe('asking');
    expect(model.mismatched).toBe(false);
  });
});
