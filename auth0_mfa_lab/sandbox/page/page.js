// The page for people: asks the server once a second how its phone and its inbox stand, and shows it.
// What it shows comes from applications and their users: it is set as text, never as markup. The one markup is the view
// of an exchange (exchanges.js), which the server has made and escaped.
import { follow } from "./exchanges.js";
import { act, ask, lost } from "./server.js";
import { cloned, count, element, fill, list, part, say, write, writeTime } from "./showing.js";
import { renew } from "./tenant.js";
import "./conduct.js";

const EVERY = 1000; // milliseconds
const [MOST_NEWS, STEP] = [3, 30];
const CHANNELS = { sms: "SMS", voice: "Call", email: "Email" };

// -- showing

function newPush(push) {
  const row = cloned("push");
  const whose = `push-${push.key}`;
  row.querySelector("dl").id = whose;
  for (const button of row.querySelectorAll("button")) button.setAttribute("aria-describedby", whose);
  part(row, "allow").addEventListener("click", () => act("phone/allow", "Allowed.", { body: { id: push.id } }));
  row.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = event.target.elements.reason.value.trim();
    act("phone/reject", "Rejected.", { body: reason ? { id: push.id, reason } : { id: push.id } });
  });
  return row;
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
  const newPushes = list(element("pushes"), pushes, newPush, (row, each) => fillPush(row, each, now));
  const accounts = phone.enrollments.map((each, index) => ({ ...each, key: `${index} ${each.label}` }));
  const fillRow = (row, each) => fillAccount(row, each, now);
  const newAccounts = list(element("accounts"), accounts, () => cloned("account"), fillRow);
  const newMessages = list(element("messages"), numbered(state.messages), () => cloned("message"), fillMessage);
  count("phone", pushes.length);
  count("inbox", state.messages.length);
  // What was there before the page is no news.
  const news = [
    ...newPushes.map((each) => `A push waits: ${each.place || "unknown place"}, ${each.browser || "unknown app"}.`),
    ...newMessages.map((each) => `Sent to ${each.address}: ${each.code ?? "a link"}.`),
    ...newAccounts.map((each) => `The phone has a new account: ${each.label}.`),
  ];
  if (news.length && !isFirst) say(news.slice(0, MOST_NEWS).join(" "), true);
  isFirst = false;
}

// -- doing

element("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = element("barcode");
  if (await act("phone/scan", "Scanned.", { body: { barcode: field.value.trim() } })) field.value = "";
});

document.addEventListener("paste", (event) => {
  const picture = [...event.clipboardData.files].find((file) => file.type === "image/png");
  if (!picture) return;
  event.preventDefault();
  act("phone/scan", "Scanned.", { body: picture, type: "image/png" });
});

// -- once a second

let isLooking = false;
async function look() {
  if (isLooking) return;
  isLooking = true;
  try {
    show(await ask("state"));
    await renew();
    element("gone").hidden = true;
  } catch (problem) {
    lost(problem);
  } finally {
    isLooking = false;
  }
}

document.addEventListener("acted", look);
follow();
await look();
setInterval(look, EVERY);
