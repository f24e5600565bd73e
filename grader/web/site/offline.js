// The page's side of working offline: it starts the service worker, says how far it is, and offers a new build when it is whole.

const PATIENCE = 8000; // ms
const LOOK = 500; // ms

export class Offline extends EventTarget {
  /** `beforeReload` is awaited before the page gives way to a new build. */
  constructor(site, { beforeReload = async () => {} } = {}) {
    super();
    Object.assign(this, { site, beforeReload, isWhole: false, isLeaving: false, isPossible: "serviceWorker" in navigator });
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
    // what is at work is not registered again: that would begin it anew beside a newer build that is being kept
    const registration = (hadOne && (await serviceWorker.getRegistration())) || (await this.#register(this.site.build));
    if (hadOne) {
      this.#watch(registration);
      this.#look();
      return;
    }
    await settled(registration);
    this.isPossible = Boolean(registration.waiting ?? registration.active); // a first one waits for nobody
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
      if (build !== this.site.build) await this.#register(build);
    } catch {
      // offline, or the host is away: what is here works
    }
  }

  #watch(registration) {
    const take = () => {
      this.isLeaving = true;
      registration.waiting?.postMessage({ do: "take over" });
      setTimeout(() => this.#tell("late", { take }), PATIENCE); // the page is reloaded before that, if all is well
    };
    const offer = () => settled(registration).then(() => registration.waiting && this.#tell("update", { take }));
    offer();
    registration.addEventListener("updatefound", offer);
  }

  /** Keep the rest, too: all units. */
  complete() {
    navigator.serviceWorker?.controller?.postMessage({ do: "complete" });
  }
}

/** When no worker is being installed. Chromium may tell a page nothing of one that was ready as the page began: so it looks, too. */
async function settled(registration) {
  while (registration.installing) {
    const worker = registration.installing;
    await new Promise((resolve) => {
      worker.addEventListener("statechange", resolve, { once: true });
      setTimeout(resolve, LOOK);
    });
  }
}

/** When the first worker has taken the page over; it may have done so already. */
function claimed() {
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    setTimeout(resolve, 2000);
  });
}
