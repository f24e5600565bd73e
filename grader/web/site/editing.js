// CodeMirror 6 as this page uses it: Python, undo, find, brackets, indentation.
import {
  EditorSelection, EditorState, EditorView, HighlightStyle, LanguageSupport, Prec, bracketMatching, defaultKeymap,
  drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars,
  history, historyKeymap, indentLess, indentMore, indentOnInput, indentUnit, keymap, lineNumbers, pythonLanguage, search,
  searchKeymap, syntaxHighlighting, tags,
} from "./editor/editor.js";

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--code-name)", fontWeight: "600" },
  { tag: [tags.meta], color: "var(--code-comment)" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--code-ground)", fontSize: "var(--code-size)", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", paddingBlock: "10px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--code-ground)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  ".cm-activeLineGutter": { color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--code-selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-selection)", outline: "1px solid var(--faint)" },
  ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
  ".cm-searchMatch": { backgroundColor: "var(--code-match)", outline: "1px solid var(--faint)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--code-selection)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", fontFamily: "var(--sans)" },
  ".cm-panels-top, .cm-panels-bottom": { borderColor: "var(--line)" },
  ".cm-textfield": { backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "4px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "4px" },
});

/** Four spaces, or to the next multiple of four. */
function tab(view) {
  const { state } = view;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  const changes = state.changeByRange((range) => {
    const insert = " ".repeat(4 - ((range.from - state.doc.lineAt(range.from).from) % 4));
    return { changes: { from: range.from, insert }, range: EditorSelection.cursor(range.from + insert.length) };
  });
  view.dispatch(state.update(changes, { scrollIntoView: true, userEvent: "input" }));
  return true;
}

/** An editor in `parent`. `label` is what a screen reader says; `changed(text)` and `check()` are told. */
export function makeEditor(parent, { text, label, changed = () => {}, check = () => {}, isSmall = false }) {
  const keys = [
    { key: "Mod-Enter", run: () => (check(), true), preventDefault: true },
    { key: "Tab", run: tab, shift: indentLess },
  ];
  const extensions = [
    Prec.high(keymap.of(keys)),
    isSmall ? [] : [lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), search({ top: true }), highlightSelectionMatches()],
    [highlightSpecialChars(), history(), drawSelection(), dropCursor(), indentOnInput(), bracketMatching(), indentUnit.of("    ")],
    [new LanguageSupport(pythonLanguage), syntaxHighlighting(COLOURS), THEME, EditorState.tabSize.of(4)],
    keymap.of([...defaultKeymap, ...historyKeymap, ...(isSmall ? [] : searchKeymap)]),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
    EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
  ];
  const view = new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
  return new Editor(view);
}

class Editor {
  constructor(view) {
    this.view = view;
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /** Another text, as one step that undo takes back: only what differs changes, so that the cursor stays where it was. */
  replace(text) {
    const old = this.text;
    if (text === old) return;
    let [from, to, end] = [0, old.length, text.length];
    while (from < to && from < end && old[from] === text[from]) from++;
    while (to > from && end > from && old[to - 1] === text[end - 1]) [to, end] = [to - 1, end - 1];
    this.view.dispatch({ changes: { from, to, insert: text.slice(from, end) } });
  }

  /** Bring a place to the top of the editor and put the cursor there; the page around it stays where it is. */
  show(position) {
    const at = Math.min(position, this.view.state.doc.length);
    this.view.dispatch({ selection: { anchor: at } });
    this.view.scrollDOM.scrollTop = this.view.lineBlockAt(at).top + this.view.documentPadding.top;
  }

  /** Go to a line, counted from 1. */
  line(number) {
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(number, doc.lines))).from;
    this.view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    this.view.focus();
  }

  focus() {
    this.view.focus();
  }

  destroy() {
    this.view.destroy();
  }
}

