import type { Contents } from '@jupyterlab/services';

/** Bytes that are sent at once, a multiple of 3 so that pieces in base64 fit together. */
const CHUNK = 3 * 1024 * 1024;

/**
 * Store a file below the server's root, under its own name or, where that is taken, one beside it.
 *
 * @param progress - Told the share that has been sent, from 0 to 1.
 * @returns The path that it has.
 */
export async function upload(
  contents: Contents.IManager,
  file: File,
  progress: (fraction: number) => void
): Promise<string> {
  const path = await freePath(contents, file.name);
  const chunks = Math.max(1, Math.ceil(file.size / CHUNK));
  for (let index = 0; index < chunks; index += 1) {
    const piece = file.slice(index * CHUNK, (index + 1) * CHUNK);
    await contents.save(path, {
      name: path,
      path,
      type: 'file',
      format: 'base64',
      content: await base64(piece),
      // The server counts pieces from 1, and calls the last one -1.
      ...(chunks > 1 ? { chunk: index === chunks - 1 ? -1 : index + 1 } : {})
    });
    progress((index + 1) / chunks);
  }
  return path;
}

/** A name directly below the server's root that nothing has yet: `name`, or one beside it. */
export async function freePath(contents: Contents.IManager, name: string): Promise<string> {
  const root = (await contents.get('')) as { content: readonly Contents.IModel[] };
  const taken = new Set(root.content.map(item => item.name));
  const dot = name.includes('.') ? name.lastIndexOf('.') : name.length;
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? name : `${name.slice(0, dot)}-${number}${name.slice(dot)}`;
    if (!taken.has(path)) {
      return path;
    }
  }
}

function base64(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      resolve((reader.result as string).replace(/^[^,]*,/, ''));
    };
    reader.onerror = () => {
      reject(reader.error ?? new Error('The file could not be read.'));
    };
    reader.readAsDataURL(piece);
  });
}
