// What the page asks of its server, with the token of its address; one act at a time, and how it went in a sentence.
import { element, say, write } from "./showing.js";

const PATIENCE = 4000; // milliseconds

export class Refusal extends Error {
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

// `body` is an object, sent as JSON, or a picture with its `type`; with one the method is POST, unless it is named.
export async function ask(path, { method, body, type, patience = PATIENCE } = {}) {
  const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": type ?? "application/json" }) };
  const payload = body && !type ? JSON.stringify(body) : body;
  const options = { method: method ?? (body ? "POST" : "GET"), headers, body: payload, cache: "no-store" };
  const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(patience) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, said.message);
  return said;
}

// -- doing

let isBusy = false;
// Asks for a change, and says that it is `done`; returns the answer, or null. The document hears `acted` at the end.
export async function act(path, done, options) {
  if (isBusy) return null;
  isBusy = true;
  try {
    const said = await ask(path, options);
    say(done);
    return said;
  } catch (problem) {
    if (problem instanceof Refusal && problem.status !== 401) say(problem.message);
    else lost(problem);
    return null;
  } finally {
    isBusy = false;
    document.dispatchEvent(new Event("acted"));
  }
}

// -- a server that does not answer

const TOKEN = "The server was started anew, or this address lacks its token: open the one that auth0-mfa-lab serve has printed.";
const AGAIN = "What you see is what it said last. Start it again with auth0-mfa-lab serve; this page goes on asking.";

export function lost(problem) {
  const known = { 401: ["This page is not let in", TOKEN], undefined: ["The server does not answer", AGAIN] };
  const [title, text] = known[problem.status] ?? ["The server failed", problem.message];
  write(element("gone-title"), title);
  write(element("gone-text"), text);
  element("gone").hidden = false;
}
