// The page for people: asks the server once a second how its phone and its inbox stand, and shows it.
// What it shows comes from applications and their users: all of it is set as text, never as markup.

const [EVERY, PATIENCE, SAID_FOR] = [1000, 4000, 8000]; // milliseconds
const [MOST_NEWS, STEP] = [3, 30];
const CHANNELS = { sms: "SMS", voice: "Call", email: "Email" };

const element = (id) => document.getElementById(id);
const part = (row, name) => row.querySelector(`[data-part="${name}"]`);

// -- asking

class Refusal extends Error {
  constructor(status, message) {
    super(message ?? `The server answered ${status}.`);
    this.status = status;
  }
}

// The address brings the token in its fragment, which no server sees; a reload finds it in the tab's own storage.
const brought = new URLSearchParams(location.hash.slice(1)).get("token");
if (brought) {
  sessionStorage.setItem("token", brought);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("token") ?? "";

async function ask(path, body, type) {
  const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": type ?? "application/json" }) };
  const payload = body && !type ? JSON.stringify(body) : body;
  const options = { method: body ? "POST" : "GET", headers, body: payload, cache: "no-store" };
  const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, said.message);
  return said;
}

// -- showing

// A text that stays is not touched: a selection in it stays, and no screen reader hears it again.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function writeTime(node, seconds, text) {
  const moment = new Date(seconds * 1000);
  write(node, text ?? moment.toLocaleTimeString());
  const stamp = Number.isNaN(moment.valueOf()) ? "" : moment.toISOString();
  if (node.dateTime !== stamp) node.dateTime = stamp;
}

// Keeps the row of each key as it is, so that focus and what was typed into it stay; returns the rows that are new.
function list(id, items, make, refill) {
  const holder = element(id);
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
  element(`no-${id}`).hidden = items.length > 0;
  if (focused >= 0 && document.activeElement === document.body) {
    // The row that had the focus is gone: the one in its place has it now, or the heading above the list.
    const row = holder.children[Math.min(focused, holder.children.length - 1)];
    (row?.querySelector("button") ?? holder.closest("section").querySelector("h2")).focus();
  }
  return items.filter((item) => !rows.has(item.key));
}

const cloned = (id) => element(id).content.firstElementChild.cloneNode(true);

function newPush(push) {
  const row = cloned("push");
  const whose = `push-${push.key}`;
  row.querySelector("dl").id = whose;
  for (const button of row.querySelectorAll("button")) button.setAttribute("aria-describedby", whose);
  part(row, "allow").addEventListener("click", () => answer("phone/allow", { id: push.id }, "Allowed."));
  row.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = event.target.elements.reason.value.trim();
    answer("phone/reject", reason ? { id: push.id, reason } : { id: push.id }, "Rejected.");
  });
  return row;
}

function fill(row, texts) {
  for (const [name, text] of Object.entries(texts)) write(part(row, name), text ?? "");
}

function fillPush(row, push, now) {
  fill(row, { user: push.user, place: push.place || "unknown", browser: push.browser || "unknown" });
  const age = Math.floor(now - push.at);
  const ago = age < 1 ? "now" : age < 60 ? `${age} s ago` : `${Math.floor(age / 60)} min ago`;
  writeTime(part(row, "at"), push.at, `${new Date(push.at * 1000).toLocaleTimeString()} · ${ago}`);
}

function fillAccount(row, { label, code }, now) {
  fill(row, { label, code, left: `${STEP - (Math.floor(now) % STEP)} s left` });
  part(row, "shown").hidden = !code;
}

function fillMessage(row, { address, channel, code, link, purpose, sent_at: at, text }) {
  const what = `${CHANNELS[channel] ?? channel} · ${purpose === "passwordless" ? "passwordless login" : "second factor"}`;
  fill(row, { what, address, code, text: link ?? text });
  writeTime(part(row, "at"), at);
  part(row, "coded").hidden = !code;
}

// Messages have no number of their own: equal ones are told apart by counting from the oldest.
function numbered(messages) {
  const seen = {};
  const keyed = messages.toReversed().map((each) => {
    const same = [each.sent_at, each.address, each.channel, each.purpose, each.code, each.link].join("|");
    seen[same] = (seen[same] ?? 0) + 1;
    return { ...each, key: `${same}|${seen[same]}` };
  });
  return keyed.reverse();
}

let isFirst = true;
function show(state) {
  const { now, phone } = state;
  write(element("domain"), state.domain);
  write(element("profile"), state.profile);
  writeTime(element("now"), now);
  const pushes = phone.pushes.map((each) => ({ ...each, key: each.id })).sort((one, other) => other.at - one.at);
  const newPushes = list("pushes", pushes, newPush, (row, each) => fillPush(row, each, now));
  const accounts = phone.enrollments.map((each, index) => ({ ...each, key: `${index} ${each.label}` }));
  const newAccounts = list("accounts", accounts, () => cloned("account"), (row, each) => fillAccount(row, each, now));
  const newMessages = list("messages", numbered(state.messages), () => cloned("message"), fillMessage);
  // What was there before the page is no news.
  const news = [
    ...newPushes.map((each) => `A push waits: ${each.place || "unknown place"}, ${each.browser || "unknown app"}.`),
    ...newMessages.map((each) => `Sent to ${each.address}: ${each.code ?? "a link"}.`),
    ...newAccounts.map((each) => `The phone has a new account: ${each.label}.`),
  ];
  if (news.length && !isFirst) say(news.slice(0, MOST_NEWS).join(" "));
  isFirst = false;
}

let silence;
// It lies over the page's end, so it goes again.
function say(sentence) {
  write(element("said"), sentence);
  clearTimeout(silence);
  silence = setTimeout(() => write(element("said"), ""), SAID_FOR);
}

// -- doing

let isBusy = false;
async function answer(path, body, done, type) {
  if (isBusy) return false;
  isBusy = true;
  try {
    await ask(path, body, type);
    say(done);
    return true;
  } catch (problem) {
    if (problem instanceof Refusal && problem.status !== 401) say(problem.message);
    else lost(problem);
    return false;
  } finally {
    isBusy = false;
    look();
  }
}

element("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = element("barcode");
  if (await answer("phone/scan", { barcode: field.value.trim() }, "Scanned.")) field.value = "";
});

document.addEventListener("paste", (event) => {
  const picture = [...event.clipboardData.files].find((file) => file.type === "image/png");
  if (!picture) return;
  event.preventDefault();
  answer("phone/scan", picture, "Scanned.", "image/png");
});

// -- once a second

const TOKEN = "The server was started anew, or this address lacks its token: open the one that auth0-mfa-lab serve has printed.";
const AGAIN = "What you see is what it said last. Start it again with auth0-mfa-lab serve; this page goes on asking.";

function lost(problem) {
  const known = { 401: ["This page is not let in", TOKEN], undefined: ["The server does not answer", AGAIN] };
  const [title, text] = known[problem.status] ?? ["The server failed", problem.message];
  write(element("gone-title"), title);
  write(element("gone-text"), text);
  element("gone").hidden = false;
}

let isLooking = false;
async function look() {
  if (isLooking) return;
  isLooking = true;
  try {
    show(await ask("state"));
    element("gone").hidden = true;
  } catch (problem) {
    lost(problem);
  } finally {
    isLooking = false;
  }
}

await look();
setInterval(look, EVERY);
