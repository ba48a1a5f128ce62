import { follow, make, say, troubleBox } from './elements.js';

/** An artifact: what it is, whether it is what was signed, its files, and where it came from. */

export function artifactView(model) {
  const artifact = model.get('artifact');
  const badge = make('span', 'badge', { role: 'status' });
  const detail = make('div', 'hint');
  const lineage = make('div', 'lineage');
  const trouble = make('div', 'troubles');
  const verify = make('button', 'button', { type: 'button', click: ask }, 'Verify');
  const aliases = artifact.aliases.map(alias => make('span', 'alias', {}, `@${alias}`));
  const files = artifact.files.map(file =>
    make(
      'tr',
      '',
      {},
      make('td', '', {}, file.path),
      make('td', 'number', {}, file.size_in_words),
      make('td', '', {}, make('code', '', { title: file.sha256 }, file.sha256.slice(0, 12)))
    )
  );
  const head = ['File', 'Size', 'SHA-256'].map(name => make('th', '', { scope: 'col' }, name));
  const element = make(
    'section',
    'artifact',
    { 'aria-label': `Artifact ${artifact.ref}` },
    make(
      'div',
      'head',
      {},
      make('strong', 'title', {}, artifact.ref),
      make('span', '', {}, artifact.kind),
      ...aliases,
      badge
    ),
    detail,
    trouble,
    make('div', 'buttons', {}, verify),
    facts(artifact),
    make(
      'details',
      'group',
      { open: files.length <= 12 },
      make('summary', '', {}, `Files (${files.length}, ${artifact.size_in_words})`),
      make(
        'table',
        'files',
        {},
        make('thead', '', {}, make('tr', '', {}, ...head)),
        make('tbody', '', {}, ...files)
      )
    ),
    lineage,
    artifact.card
      ? make(
          'details',
          'group',
          {},
          make('summary', '', {}, 'Model card'),
          make('pre', 'card', {}, artifact.card)
        )
      : null
  );

  function ask() {
    verify.disabled = true;
    say(badge, '… reading every byte');
    model.send({ kind: 'verify' });
  }

  function showVerification() {
    const { verified, signer, problem } = model.get('verification');
    verify.disabled = false;
    element.dataset.verified = String(verified ?? 'unknown');
    say(
      badge,
      verified === undefined ? '? not verified yet' : verified ? '✓ verified' : '✗ not verified'
    );
    const who = verified ? `Every file is what was signed${signerName(signer)}.` : '';
    say(detail, problem ? [problem.detail, problem.hint].filter(Boolean).join(' ') : who);
  }

  function showLineage() {
    const trees = model.get('lineage');
    lineage.replaceChildren(
      ...trees.map(tree =>
        make(
          'details',
          'group',
          { open: true },
          make('summary', '', {}, tree.title),
          nested(tree.children)
        )
      )
    );
  }

  function showTrouble() {
    const told = model.get('trouble');
    trouble.replaceChildren(...(told.message ? [troubleBox(told)] : []));
    if (told.message) {
      showVerification();
    }
  }

  const close = follow(model, {
    'change:verification': showVerification,
    'change:lineage': showLineage,
    'change:trouble': showTrouble
  });
  showVerification();
  showLineage();
  showTrouble();
  return { element, close };
}

function facts(artifact) {
  const told = [
    ['Created', artifact.created],
    ['Job', artifact.job],
    ['Digest', artifact.digest]
  ].filter(([, value]) => value);
  return make(
    'dl',
    'facts',
    {},
    ...told.flatMap(([name, value]) => [
      make('dt', '', {}, name),
      make('dd', '', {}, make('code', '', {}, value))
    ])
  );
}

function nested(nodes) {
  const items = nodes.map(node =>
    make(
      'li',
      '',
      {},
      make('span', 'role', {}, `${node.role} `),
      make('code', '', {}, node.name),
      node.kind ? ` ${node.kind}` : '',
      node.children.length ? nested(node.children) : null
    )
  );
  return make('ul', 'tree', {}, ...items);
}

function signerName(signer) {
  const name =
    typeof signer === 'string' ? signer : (signer?.name ?? signer?.keyid ?? signer?.key_id);
  return name ? ` by the key ${String(name).slice(0, 16)}` : '';
}
