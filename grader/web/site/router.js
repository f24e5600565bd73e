// Where the reader is: #/, #/attention or #/attention/causal_mask. The address can be kept, sent and gone back to.

/** The address of a place. */
export function address(unit = "", exercise = "") {
  return `#/${[unit, exercise].filter(Boolean).map(encodeURIComponent).join("/")}`;
}

/** {unit, exercise} of an address, each empty where the address has none. */
export function placeOf(hash) {
  const [unit = "", exercise = ""] = hash.replace(/^#\/?/, "").split("/").map(read);
  return { unit, exercise };
}

function read(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return ""; // an address that somebody typed
  }
}

/** Call `show` with the place now, and whenever it changes. */
export function follow(show) {
  addEventListener("hashchange", (event) => {
    if (location.hash === "" || location.hash.startsWith("#/")) show(placeOf(location.hash));
    else event.preventDefault();
  });
  show(location.hash.startsWith("#/") ? placeOf(location.hash) : { unit: "", exercise: "" });
}
