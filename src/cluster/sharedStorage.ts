/**
 * @file The storage of a job: rank 0's. It alone writes, and what it reads the other ranks get, so that a folder on its
 * disk suffices. All ranks make the same calls in the same order; they return when rank 0 has done the work.
 */
import type { FolderLock, GrowingFile, LockOwner, OpenFile, RunFolder, Storage } from "../disk/storage.ts";
import type { ByteSource } from "../formats/byteSource.ts";
import type { ShareCall } from "./shareCalls.ts";

/**
 * @param storage this rank's own: names of paths, and files that every machine has, such as models.
 * @param isFirst whether this is rank 0.
 */
export function sharedStorage(storage: Storage, share: ShareCall, isFirst: boolean): Storage {
  const shared = (folder: RunFolder) => sharedFolder(folder, share, isFirst);
  return {
    folder: (path) => shared(storage.folder(path)),
    cacheFolder: (name) => shared(storage.cacheFolder(name)),
    wholePath: (path) => storage.wholePath(path),
    readRange: (range) => storage.readRange(range),
    sha256: () => storage.sha256(),
    writer: storage.writer,
  };
}

function sharedFolder(own: RunFolder, share: ShareCall, isFirst: boolean): RunFolder {
  const shared = (folder: RunFolder) => sharedFolder(folder, share, isFirst);
  const at = (method: string, name = "") => `${method} ${own.pathOf(name)}`;
  return {
    path: own.path,
    name: own.name,
    pathOf: (name) => own.pathOf(name),
    folder: (name) => shared(own.folder(name)),
    above: () => shared(own.above()),
    list: (folder) => share(at("list", folder), () => own.list(folder)),
    has: (name) => share(at("has", name), () => own.has(name)),
    read: (name) => share(at("read", name), () => own.read(name)),
    readText: (name) => share(at("readText", name), () => own.readText(name)),
    open: (name) => openShared(own, name, { share, where: at("open", name) }),
    exists: () => share(at("exists"), () => own.exists()),
    size: (name) => share(at("size", name), () => own.size(name)),
    sha256: (name) => share(at("sha256", name), () => own.sha256(name)),
    hash: () => own.hash(),
    checkWritable: () => share(at("checkWritable"), () => own.checkWritable()),
    write: (name, content) => share(at("write", name), () => own.write(name, content)),
    fill: (files, options) => share(at("fill"), () => own.fill(files, options)),
    append: (name, length, text) => share(at("append", name), () => own.append(name, length, text)),
    openLog: (name, wholeLength) => (isFirst ? own.openLog(name, wholeLength) : noLog(own.pathOf(name))),
    delete: (name) => share(at("delete", name), () => own.delete(name)),
    remove: () => share(at("remove"), () => own.remove()),
    deletePartials: () => share(at("deletePartials"), () => own.deletePartials()),
    lock: (options) => lockShared(() => own.lock(options), { share, where: at("lock"), isFirst }),
    owner: (options) => share(at("owner"), () => own.owner(options)),
  };
}

const noLog = (path: string): GrowingFile => ({ path, length: 0, append() {}, close() {} });

interface Sharing {
  share: ShareCall;
  /** The call, for comparing the ranks. */
  where: string;
}

async function openShared(own: RunFolder, name: string, { share, where }: Sharing): Promise<OpenFile | undefined> {
  let file: OpenFile | undefined;
  const byteLength = await share(where, async () => {
    file = await own.open(name);
    return file?.byteLength;
  });
  if (byteLength === undefined) return undefined;
  const slice: ByteSource["slice"] = (start, end) => {
    return share(`${where} from ${start} to ${end}`, async () => (file as OpenFile).slice(start, end));
  };
  return { byteLength, slice: slice as OpenFile["slice"], close: async () => file?.close() };
}

async function lockShared(
  take: () => Promise<FolderLock | { owner: LockOwner }>,
  { share, where, isFirst }: Sharing & { isFirst: boolean },
): Promise<FolderLock | { owner: LockOwner }> {
  let lock: FolderLock | undefined;
  const taken = await share(where, async () => {
    const result = await take();
    if ("owner" in result) return { owner: result.owner };
    lock = result;
    return { id: result.id, tookOver: result.tookOver };
  });
  if ("owner" in taken && taken.owner) return { owner: taken.owner };
  const { id, tookOver } = taken as Pick<FolderLock, "id" | "tookOver">;
  return {
    id,
    tookOver,
    lostTo: () => share(`${where} lostTo`, async () => lock?.lostTo()),
    // no call of all ranks: it is released after an error of one of them, too
    release: async () => (isFirst ? lock?.release() : undefined),
  };
}
