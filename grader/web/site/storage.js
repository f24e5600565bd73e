// The browser's own database, as far as the page needs one. Where it is refused, what is written lives as long as the page.

const STORES = { answers: { keyPath: "unit" }, past: { autoIncrement: true }, kept: {} };
const VERSION = 1;

/** The course's storage. `isKept` is false where the browser refused, and `reason` says why in its words. */
export async function openStorage(name) {
  try {
    const database = await opened(name);
    return { isKept: true, reason: "", ...operations(database) };
  } catch (error) {
    return { isKept: false, reason: error?.message || String(error), ...inMemory() };
  }
}

function opened(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const [store, options] of Object.entries(STORES)) request.result.createObjectStore(store, options);
    };
    request.onsuccess = () => {
      // another tab has a newer page that wants another form of the database: it may have it
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds the storage; close it and reload"));
  });
}

function operations(database) {
  /** Run `work(store, done)` in one transaction; the promise waits until it is on its way to the disk. */
  const run = (name, mode, work) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      let value;
      transaction.oncomplete = () => resolve(value);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("the browser's storage failed"));
      work(transaction.objectStore(name), (found) => (value = found));
    });
  return {
    get: (store, key) => run(store, "readonly", (all, done) => (all.get(key).onsuccess = (event) => done(event.target.result))),
    put: (store, value, key) => run(store, "readwrite", (all) => void all.put(value, key)),
    remove: (store, key) => run(store, "readwrite", (all) => void all.delete(key)),
    /** All of a store as [key, value], in the order of the keys. */
    entries: (store) =>
      run(store, "readonly", (all, done) => {
        const found = [];
        done(found);
        all.openCursor().onsuccess = ({ target: { result: cursor } }) => {
          if (!cursor) return;
          found.push([cursor.primaryKey, cursor.value]);
          cursor.continue();
        };
      }),
    /** Read a value and write what `change(old)` makes of it, with nobody between. It writes nothing for undefined. */
    change: (store, key, change) =>
      run(store, "readwrite", (all, done) => {
        all.get(key).onsuccess = ({ target: { result: old } }) => {
          const value = change(old);
          if (value !== undefined) all.put(value, STORES[store].keyPath ? undefined : key);
          done({ old, value });
        };
      }),
  };
}

function inMemory() {
  const stores = Object.fromEntries(Object.keys(STORES).map((name) => [name, new Map()]));
  let count = 0;
  const put = async (store, value, key) => void stores[store].set(key ?? value[STORES[store].keyPath] ?? ++count, value);
  return {
    get: async (store, key) => stores[store].get(key),
    put,
    remove: async (store, key) => void stores[store].delete(key),
    entries: async (store) => [...stores[store]],
    change: async (store, key, change) => {
      const old = stores[store].get(key);
      const value = change(old);
      if (value !== undefined) await put(store, value, key);
      return { old, value };
    },
  };
}
