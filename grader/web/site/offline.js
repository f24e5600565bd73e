// The page's side of working offline: it starts the service worker, says how far it is, and offers a new build when it is whole.

const PATIENCE = 8000; // ms

export class Offline extends EventTarget {
  /** `beforeReload` is awaited before the page gives way to a new build. */
  constructor(site, { beforeReload = async () => {} } = {}) {
    super();
    Object.assign(this, { site, beforeReload, isWhole: false, isPossible: "serviceWorker" in navigator });
    /** Resolves when this build is at hand, or cannot be kept: then Python is loaded without. */
    this.ready = this.isPossible ? this.#start().catch(() => void (this.isPossible = false)) : Promise.resolve();
  }

  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async #start() {
    const { serviceWorker } = navigator;
    const hadOne = Boolean(serviceWorker.controller);
    serviceWorker.addEventListener("message", ({ data }) => this.#hear(data));
    serviceWorker.addEventListener("controllerchange", async () => {
      if (!hadOne) return; // the first one: the page has its build already
      await this.beforeReload();
      location.reload();
    });
    const registration = await this.#register(this.site.build);
    this.registration = registration;
    if (hadOne) {
      this.#watch(registration);
      this.#look();
      return;
    }
    await settled(registration.installing ?? registration.waiting ?? registration.active);
    this.isPossible = Boolean(registration.active);
    if (this.isPossible && !serviceWorker.controller) await claimed();
  }

  #register(build) {
    return navigator.serviceWorker.register(`service_worker.js?build=${encodeURIComponent(build)}`, { updateViaCache: "none" });
  }

  #hear({ what, loaded, total, isWhole }) {
    if (what !== "progress") return;
    if (isWhole && loaded === total) this.isWhole = true;
    this.#tell("progress", { loaded, total, isWhole });
  }

  /** Is there another build? Without a network there is none. */
  async #look() {
    try {
      const response = await fetch(`site.json?fresh=${Date.now()}`, { cache: "no-store" });
      const { build } = await response.json();
      if (build !== this.site.build) this.#watch(await this.#register(build));
    } catch {
      // offline, or the host is away: what is here works
    }
  }

  #watch(registration) {
    const take = () => {
      registration.waiting?.postMessage({ do: "take over" });
      setTimeout(() => this.#tell("late", { take }), PATIENCE); // the page is reloaded before that, if all is well
    };
    const offer = (worker) => {
      if (worker) settled(worker).then(() => worker.state === "installed" && this.#tell("update", { take }));
    };
    offer(registration.waiting ?? registration.installing);
    registration.addEventListener("updatefound", () => offer(registration.installing));
  }

  /** Keep the rest, too: all units. */
  complete() {
    navigator.serviceWorker?.controller?.postMessage({ do: "complete" });
  }
}

/** When a worker has come to rest: installed and waiting, at work, or given up. */
function settled(worker) {
  return new Promise((resolve) => {
    const look = () => {
      const isFirst = !navigator.serviceWorker.controller;
      if (!worker || ["activated", "redundant"].includes(worker.state) || (worker.state === "installed" && !isFirst)) resolve();
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

/** When the first worker has taken the page over; it may have done so already. */
function claimed() {
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    setTimeout(resolve, 2000);
  });
}
