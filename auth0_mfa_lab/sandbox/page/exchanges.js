// What applications and the phone said to the tenant, as it happens. The newest login is first, as in the inbox: the
// one under way is on the screen. Within a login exchanges stand in their order, for `(from 3)` looks up.
import { ask, Refusal } from "./server.js";
import { choose, cloned, count, element, fill, list, offer, part, say, write, writeTime } from "./showing.js";

const MOST = 1000; // exchanges on the page
// Milliseconds: for an answer, which comes after 20 s without news; between two questions, while an answer is under way
// (which one that never ends is not any more), and after a failure; and until a screen reader hears what came.
const [PATIENCE, TOGETHER, UNDER_WAY, LONGEST_WAY, AGAIN, QUIET] = [30_000, 50, 300, 60_000, 1000, 1500];
const ALIAS = /^<([a-z]\w* \d+)(: \w+)?>$/;
const ORIGIN = /(?<=\(from )[\d, ]+(?=\)$)/gm;

const kept = new Map(); // the exchanges by number, oldest first; each knows its group
const groups = new Map(); // a login's, or calls outside of one, in the order of their beginning
let last; // how the tenant stood at the newest exchange
const logins = element("logins");
const [ofUser, ofEndpoint] = [element("of-user"), element("of-endpoint")];

// -- keeping

// The answer to one that was dropped is not under way.
const isUnderWay = ({ written, delivered }) => written === null && delivered;
const outcome = (each) => (isUnderWay(each) ? "under way" : each.outcome);
const endpoint = ({ method, path }) => `${method} ${path.split("?")[0]}`;

// Calls of no login stand together between the logins.
function groupOf({ number, login, reset }) {
  const newest = [...groups.values()].at(-1);
  if (login === null && newest?.login === null && newest.reset === reset) return newest;
  const key = login === null ? `outside-${number}` : `login-${login}`;
  if (!groups.has(key)) groups.set(key, { key, login, reset, exchanges: [], opened: new Set() });
  return groups.get(key);
}

// An exchange comes again when its answer is there, and may belong to another group then.
function keep(each, touched) {
  const known = kept.get(each.number);
  if (known && isUnderWay(known) === isUnderWay(each)) return;
  const { before, seen } = known ?? { before: last, seen: performance.now() };
  Object.assign(each, { before, seen, group: groupOf(each) });
  if (known) leave(known, touched);
  else last = { moved: each.moved, reset: each.reset };
  kept.set(each.number, each);
  each.group.exchanges.push(each);
  each.group.exchanges.sort((one, other) => one.number - other.number);
  touched.add(each.group);
}

function leave({ group, number }, touched) {
  group.exchanges = group.exchanges.filter((each) => each.number !== number);
  touched.add(group);
}

function take({ exchanges, first }) {
  const touched = new Set();
  for (const each of exchanges) keep(each, touched);
  for (const each of kept.values()) {
    if (each.number >= first && kept.size <= MOST) break;
    kept.delete(each.number);
    leave(each, touched);
  }
  for (const group of touched) if (!group.exchanges.length) groups.delete(group.key);
  const all = [...kept.values()];
  offer(ofUser, all.flatMap((each) => each.user ?? []));
  for (const choice of [ofEndpoint, element("endpoints")]) offer(choice, all.map(endpoint));
  show(touched);
}

// -- showing

const fits = (each) =>
  (!ofEndpoint.value || ofEndpoint.value === endpoint(each)) &&
  (!ofUser.value || (each.login === null ? [each] : each.group.exchanges).some(({ user }) => user === ofUser.value));

function passed(seconds) {
  const [size, unit] = seconds % 60 || seconds < 60 ? [1, "s"] : [60, "min"];
  return `${Math.round((10 * seconds) / size) / 10} ${unit}`;
}

// What happened to the tenant between an exchange and the one above it.
function between(before, each) {
  if (!before) return "";
  if (before.reset !== each.reset) return "The tenant was reset.";
  const moved = Math.round(10 * (each.moved - before.moved)) / 10;
  return moved > 0 ? `The clock was moved by ${passed(moved)}.` : moved < 0 ? "The clock was set back." : "";
}

// The rows of a group: an exchange each; above equal polls one that opens them; and what happened between.
function rowsOf(group) {
  const rows = [];
  let run = null;
  for (const [at, each] of group.exchanges.entries()) {
    const before = at ? group.exchanges[at - 1] : each.before;
    if (run?.of !== (each.run ?? each.number)) {
      run = { of: each.run ?? each.number, key: `run-${each.number}`, polls: [] };
      rows.push(run);
    }
    run.polls.push(each);
    const text = between(before, each);
    const divider = { key: `before-${each.number}`, text, run, each };
    if (text) rows.splice(run.polls.length > 1 ? rows.length : -1, 0, divider);
    rows.push({ key: String(each.number), run, each });
  }
  return rows.filter((row) => row.polls?.length !== 1);
}

function newRow({ key, polls, text, each }) {
  if (text) return cloned("divider");
  const row = cloned(polls ? "run" : "exchange");
  if (!polls) {
    row.firstElementChild.id = `exchange-${each.number}`;
    row.firstElementChild.addEventListener("toggle", () => fillView(row));
    return row;
  }
  row.firstElementChild.addEventListener("click", () => {
    const [{ group }] = polls;
    if (!group.opened.delete(key)) group.opened.add(key);
    show([group]);
  });
  // It was one poll until now: if somebody reads it, it stays.
  const first = element(`exchange-${polls[0].number}`);
  if (first?.open || first?.contains(document.activeElement)) polls[0].group.opened.add(key);
  return row;
}

function fillRow(row, { polls, text, each: one, run }) {
  const each = one ?? polls.at(-1);
  const isFolded = run?.polls.length > 1 && !each.group.opened.has(run.key);
  // What was before a run stands above it.
  row.hidden = !fits(each) || (isFolded && !(text && each === run.polls[0]));
  if (text) {
    write(row, text);
    return;
  }
  const all = polls ?? [each];
  const told = all.flatMap(({ fault, on_purpose: isOnPurpose, delivered }) => [
    fault && `fault: ${fault}`, isOnPurpose && "on purpose", !delivered && "not delivered",
  ]);
  fill(row, {
    number: polls ? `${polls[0].number}–${each.number}` : `${each.number}`,
    speaker: each.speaker,
    call: `${each.method} ${each.path}`,
    outcome: outcome(each),
    words: [...(polls ? [`${polls.length} equal polls`] : []), ...new Set(told.filter(Boolean))].join(" · "),
  });
  row.dataset.speaker = each.speaker;
  row.classList.toggle("within", run?.polls.length > 1);
  if (polls) row.firstElementChild.ariaExpanded = String(each.group.opened.has(row.dataset.key));
  else if (row.exchange !== each) {
    [row.exchange, row.isStale] = [each, true];
    fillView(row);
  }
}

function show(touched) {
  for (const group of touched) group.isStale = true;
  const newestFirst = [...groups.values()].reverse();
  list(logins, newestFirst, () => cloned("login"), (node, group) => {
    if (!group.isStale) return;
    group.isStale = false;
    const [first] = group.exchanges;
    const user = group.exchanges.find((each) => each.user)?.user;
    const what = group.login === null ? "Outside a login" : user ? "Login of" : "Login";
    fill(node, { what, user: group.login && user });
    writeTime(part(node, "at"), first.arrived);
    const button = part(node, "export");
    button.hidden = group.login === null;
    button.dataset.login = group.login ?? "";
    button.ariaLabel = `Export the login that begins with exchange ${group.login}`;
    list(part(node, "rows"), rowsOf(group), newRow, fillRow);
    node.hidden = !group.exchanges.some(fits);
  });
  count("exchanges", kept.size);
  element("none-fits").hidden = !kept.size || [...logins.children].some((node) => !node.hidden);
}

// The view is the notebook's, made and escaped by the server. A template's content is a document of its own, in which
// nothing loads or runs; and here the page's Content-Security-Policy lets no script run that is not the server's own
// file. It lets the view have its inline styles alone: `style-src-attr`.
function fillView(row) {
  const [each, details] = [row.exchange, row.firstElementChild];
  if (!details.open || !row.isStale) return;
  row.isStale = false;
  const took = each.written === null ? "" : ` · answered after ${Math.round(1000 * (each.written - each.arrived))} ms`;
  writeTime(part(row, "at"), each.arrived, `Arrived ${new Date(1000 * each.arrived).toLocaleTimeString()}${took}`);
  write(part(row, "agent"), each.agent ? ` · ${each.agent}` : "");
  part(row, "curl").dataset.number = each.number;
  const made = document.createElement("template");
  made.innerHTML = each.html;
  // Its own summary says what the row says.
  made.content.querySelector("summary")?.remove();
  const outer = made.content.firstElementChild;
  if (outer?.localName === "details") outer.replaceWith(...outer.childNodes);
  link(made.content);
  part(row, "view").replaceChildren(made.content);
}

// Aliases know their name, and can be reached by keyboard where they first stand; `(from 3)` leads to exchange 3.
function link(view) {
  const names = new Set();
  for (const span of view.querySelectorAll("span")) {
    const name = ALIAS.exec(span.textContent)?.[1];
    if (!name) continue;
    span.dataset.alias = name;
    if (!names.has(name)) span.tabIndex = 0;
    names.add(name);
  }
  const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    for (const { 0: numbers, index } of [...text.data.matchAll(ORIGIN)].reverse()) {
      const rest = text.splitText(index);
      rest.deleteData(0, numbers.length);
      rest.before(...linksTo(numbers.split(", ")));
    }
  }
}

export function linksTo(numbers) {
  return numbers.flatMap((number, at) => {
    const link = Object.assign(document.createElement("a"), { href: `#exchange-${number}`, textContent: number });
    return at ? [", ", link] : [link];
  });
}

// -- finding

function goTo(number) {
  const each = kept.get(number);
  if (!each) {
    say(`Exchange ${number} is no longer kept.`);
    return;
  }
  if (!fits(each)) ofUser.value = ofEndpoint.value = "";
  for (const { key, polls } of rowsOf(each.group)) if (polls?.includes(each)) each.group.opened.add(key);
  choose("exchanges");
  show(groups.values());
  const details = element(`exchange-${number}`);
  details.open = true;
  details.firstElementChild.focus();
  details.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#exchange-"]');
  if (!link) return;
  event.preventDefault();
  goTo(Number(link.hash.slice("#exchange-".length)));
});

function light({ type, target }) {
  const name = type === "pointerleave" || type === "focusout" ? null : target.closest("[data-alias]")?.dataset.alias;
  for (const each of logins.querySelectorAll("[data-alias]")) each.classList.toggle("lit", each.dataset.alias === name);
}
for (const type of ["pointerover", "pointerleave", "focusin", "focusout"]) logins.addEventListener(type, light);

for (const select of [ofUser, ofEndpoint]) select.addEventListener("change", () => show(groups.values()));

// -- taking with one

async function given(path, use) {
  try {
    await use(await ask(path));
  } catch (problem) {
    say(problem instanceof Refusal ? problem.message : "The server did not answer.");
  }
}

logins.addEventListener("click", ({ target: button }) => {
  if (button.dataset.part === "curl") {
    const shown = button.nextElementSibling;
    given(`exchanges/${button.dataset.number}/curl`, async ({ text }) => {
      try {
        await navigator.clipboard.writeText(text);
        say(`Exchange ${button.dataset.number} is copied as curl.`);
      } catch {
        // Without TLS, or where the browser forbids it: to be copied by hand.
        shown.value = text;
        shown.hidden = false;
        shown.select();
      }
    });
  }
  if (button.dataset.part === "export") save(`&login=${button.dataset.login}`);
});

function save(login = "") {
  given(`export?form=${element("form").value}${login}`, ({ name, text }) => {
    const href = URL.createObjectURL(new Blob([text]));
    Object.assign(document.createElement("a"), { download: name, href }).click();
    URL.revokeObjectURL(href);
    say(`Saved as ${name}.`);
  });
}

element("export").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});

// -- hearing

let unheard = [];
// Of equal polls the first is told alone; all that comes within a moment is one line.
function tell(exchanges) {
  const told = exchanges.filter((each) => each.run === null || each.run === each.number);
  if (told.length && !unheard.length) {
    setTimeout(() => {
      const newest = unheard.at(-1);
      const more = unheard.length > 1 ? `${unheard.length} new exchanges, the newest: ` : "";
      const said = [newest.number, newest.speaker, endpoint(newest), outcome(newest)].join(", ");
      write(element("heard"), `${more}${said}.`);
      unheard = [];
    }, QUIET);
  }
  unheard.push(...told);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Asks again and again for what is newer than what is there; a server that has begun anew is asked for all it has.
export async function follow() {
  let newest = null;
  for (;;) {
    const under = [...kept.values()].find((each) => isUnderWay(each) && performance.now() - each.seen < LONGEST_WAY);
    const after = under ? under.number - 1 : newest;
    let said;
    try {
      said = await ask(after === null ? "exchanges" : `exchanges?after=${after}`, { patience: PATIENCE });
    } catch (problem) {
      if (problem.status === 404) {
        for (const id of ["no-journal", "of-journal"]) element(id).hidden = id !== "no-journal";
        return;
      }
      // That it is gone, the other question has said.
      await pause(AGAIN);
      continue;
    }
    if (newest !== null && said.newest < newest) {
      kept.clear();
      groups.clear();
      [newest, last] = [null, undefined];
      show([]);
      continue;
    }
    take(said);
    if (newest !== null) tell(said.exchanges.filter((each) => each.number > newest));
    newest = said.newest;
    await pause(under ? UNDER_WAY : TOGETHER);
  }
}
