// How something new comes into the page: what has the focus, was typed, selected or opened stays as it is.

const SAID_FOR = 8000; // milliseconds

export const element = (id) => document.getElementById(id);
export const part = (row, name) => row.querySelector(`[data-part="${name}"]`);
export const cloned = (id) => element(id).content.firstElementChild.cloneNode(true);

// A text that stays is not touched: a selection in it stays, and no screen reader hears it again.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function writeTime(node, seconds, text) {
  const moment = new Date(seconds * 1000);
  write(node, text ?? moment.toLocaleTimeString());
  const stamp = Number.isNaN(moment.valueOf()) ? "" : moment.toISOString();
  if (node.dateTime !== stamp) node.dateTime = stamp;
}

export function fill(row, texts) {
  for (const [name, text] of Object.entries(texts)) write(part(row, name), text ?? "");
}

// Lets a <select> or a <datalist> offer these values, and what is chosen; one that is open stays open.
export function offer(select, values) {
  const wanted = new Set(values);
  for (const option of [...select.options]) {
    if (!wanted.delete(option.value) && option.value && option.value !== select.value) option.remove();
  }
  for (const value of wanted) select.append(new Option(value, value));
}

// Keeps the row of each key as it is, so that focus and what was typed into it stay; returns the items that are new.
export function list(holder, items, make, refill) {
  const rows = new Map([...holder.children].map((row) => [row.dataset.key, row]));
  const wanted = new Set(items.map((item) => item.key));
  const focused = [...rows.values()].findIndex((row) => row.contains(document.activeElement));
  for (const [key, row] of rows) if (!wanted.has(key)) row.remove();
  let at = holder.firstElementChild;
  for (const item of items) {
    const row = rows.get(item.key) ?? make(item);
    row.dataset.key = item.key;
    refill(row, item);
    if (row === at) at = at.nextElementSibling;
    else holder.insertBefore(row, at);
  }
  holder.hidden = items.length === 0;
  const none = element(`no-${holder.id}`);
  if (none) none.hidden = items.length > 0;
  if (focused >= 0 && document.activeElement === document.body) {
    // The row that had the focus is gone: the one in its place has it now, or the heading above the list.
    const row = holder.children[Math.min(focused, holder.children.length - 1)];
    (row?.querySelector("button, summary") ?? holder.closest("section").querySelector("h2")).focus();
  }
  return items.filter((item) => !rows.has(item.key));
}

let silence, own;
// It lies over the page's end, so it goes again. News stands behind what was said of the person's own act.
export function say(sentence, isNews = false) {
  own = isNews ? own : sentence;
  write(element("said"), isNews && own ? `${own} ${sentence}` : sentence);
  clearTimeout(silence);
  silence = setTimeout(() => write(element("said"), (own = "")), SAID_FOR);
}

// -- side by side, or behind tabs

const WIDE = matchMedia("(min-width: 68.75rem)"); // as in page.css
const PARTS = { phone: "Phone", exchanges: "Exchanges", inbox: "Inbox" };
let chosen = "phone";

export function choose(name) {
  chosen = name;
  element("tabs").hidden = WIDE.matches;
  for (const each of Object.keys(PARTS)) {
    const [tab, panel] = [element(`tab-${each}`), element(each)];
    tab.ariaSelected = String(each === chosen);
    tab.tabIndex = each === chosen ? 0 : -1;
    panel.role = WIDE.matches ? null : "tabpanel";
    panel.setAttribute("aria-labelledby", WIDE.matches ? `${each}-title` : tab.id);
    panel.hidden = !WIDE.matches && each !== chosen;
  }
}

export function count(name, number) {
  write(element(`tab-${name}`), number ? `${PARTS[name]} (${number})` : PARTS[name]);
}

element("tabs").addEventListener("click", (event) => {
  if (event.target.role === "tab") choose(event.target.getAttribute("aria-controls"));
});
element("tabs").addEventListener("keydown", (event) => {
  const [names, at] = [Object.keys(PARTS), Object.keys(PARTS).indexOf(chosen)];
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(names.at(to % names.length));
  element(`tab-${chosen}`).focus();
});
WIDE.addEventListener("change", () => choose(chosen));
choose(chosen);
