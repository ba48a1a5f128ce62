import type { IPicked } from './upload';

/** What was dropped or chosen, folders searched to the bottom; what is hidden is left out of them. */
export async function pickedFrom(transfer: DataTransfer): Promise<readonly IPicked[]> {
  // The list of items is empty after the first wait.
  const items = [...transfer.items].map(
    item => [item.webkitGetAsEntry(), item.getAsFile()] as const
  );
  const found: IPicked[] = [];
  for (const [entry, file] of items) {
    if (entry) {
      await walk(entry, found);
    } else if (file) {
      found.push({ file, path: file.name });
    }
  }
  return found;
}

/** What an `<input type="file">` holds, of a folder or not. */
export function pickedOf(files: FileList | null): readonly IPicked[] {
  return [...(files ?? [])]
    .map(file => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !path.includes('/.'));
}

async function walk(entry: FileSystemEntry, found: IPicked[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    found.push({ file, path });
    return;
  }
  for (const below of await children(entry as FileSystemDirectoryEntry)) {
    if (!below.name.startsWith('.')) {
      await walk(below, found);
    }
  }
}

async function children(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A reader hands out a part at a time, and nothing at the end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (part.length === 0) {
      return all;
    }
    all.push(...part);
  }
}
