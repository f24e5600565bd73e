// Bundles CodeMirror 6 into ../site/editor/editor.js, with the licences of all that is in it:
//   npm ci --ignore-scripts && node node_modules/esbuild/install.js && npm run build
// package-lock.json pins every package by version and hash; the same versions give the same bytes.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const TO = new URL("../site/editor/", import.meta.url);

// style-mod puts a <style> element into a document's head, which the page's Content Security Policy refuses. A sheet
// that the document adopts is made by script alone and needs no permission; style-mod uses one in shadow roots.
const ADOPTED = {
  name: "adopted style sheets",
  setup({ onLoad }) {
    onLoad({ filter: /style-mod\/src\/style-mod\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const parts = text.split("!root.head && root.adoptedStyleSheets");
      if (parts.length !== 2) throw new Error(`${path} is not the style-mod that this script knows; see how it mounts styles`);
      return { contents: parts.join("root.adoptedStyleSheets"), loader: "js" };
    });
  },
};

/** The names of the packages that the bundle is made of, from the paths of its parts. */
function packages(inputs) {
  const names = Object.keys(inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

/** The text of a package's licence, its version above it. */
async function licence(name) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence file`);
  const { version } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  return `${name} ${version}\n\n${(await readFile(new URL(file, folder), "utf8")).trim()}\n`;
}

const { metafile } = await build({
  entryPoints: [new URL("source.js", import.meta.url).pathname],
  outfile: new URL("editor.js", TO).pathname,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  metafile: true,
  minify: true,
  plugins: [ADOPTED],
  banner: { js: "/* CodeMirror 6 and what it needs, MIT: see LICENSE beside this file. */" },
  target: "es2022",
});
const texts = await Promise.all(packages(metafile.inputs).map(licence));
await writeFile(new URL("LICENSE", TO), texts.join(`\n${"-".repeat(80)}\n\n`));
