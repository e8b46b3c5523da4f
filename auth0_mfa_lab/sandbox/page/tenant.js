// The tenant's knobs: its clock, its faults, a fresh user, its settings, a reset. They are filled when they are opened.
import { act, ask } from "./server.js";
import { cloned, element, fill, list, offer, part, write, writeTime } from "./showing.js";

const corner = element("tenant");
const settings = element("settings");

// -- showing

let choices = null;
// Called once a second: a fault that happens is gone from the list, and time passes.
export async function renew() {
  if (!corner.open) return;
  if (!choices) build((choices = await ask("choices")));
  const [clock, { faults }, set] = await Promise.all(["clock", "faults", "settings"].map((each) => ask(each)));
  writeTime(element("clock-now"), clock.now);
  write(element("clock-moved"), clock.frozen ? ", and stands still" : "");
  const waiting = faults.map((each, at) => ({ key: `${at}`, each }));
  list(element("faults"), waiting, () => cloned("fault"), (row, { each: { kind, route, times, ...how } }) => {
    const rest = Object.entries(how).map(([name, value]) => `${name} ${value}`);
    fill(row, { kind, rest: [route ?? "any call", times === 1 ? "once" : `${times} times`, ...rest].join(" · ") });
  });
  element("clear").hidden = !faults.length;
  for (const select of settings.querySelectorAll("select")) {
    const value = set[select.name] ?? set.switches[select.name];
    if (select !== document.activeElement && select.value !== value) select.value = value;
  }
}

// What there is to choose from is the server's to say.
function build({ factors, faults, settings: plain, switches }) {
  for (const name of factors) {
    const label = cloned("choice");
    label.firstElementChild.value = name;
    label.append(name);
    element("factors").append(label);
  }
  offer(element("kind"), Object.keys(faults));
  fieldsOfKind();
  const all = { ...Object.fromEntries(Object.entries(plain).map(([name, values]) => [name, { values }])), ...switches };
  for (const [name, { values, decides }] of Object.entries(all)) {
    const row = cloned("setting");
    fill(row, { name, decides });
    const select = row.querySelector("select");
    select.name = name;
    offer(select, values);
    (name in switches ? element("switches") : element("policies")).append(row);
  }
}

function fieldsOfKind() {
  for (const field of element("fault-form").querySelectorAll("[data-field]")) {
    field.hidden = !choices.faults[element("kind").value].includes(field.dataset.field);
  }
}

// -- doing

corner.addEventListener("toggle", () => document.dispatchEvent(new Event("acted")));
element("kind").addEventListener("change", fieldsOfKind);

function onSubmit(id, send) {
  element(id).addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target.elements, event.submitter);
  });
}

onSubmit("clock-form", ({ seconds }, { value }) => {
  const by = Number(value || seconds.value);
  act("clock", `The clock is moved by ${by} s.`, { body: { advance: by } });
});
element("restart").addEventListener("click", () => act("clock", "The clock is set back.", { method: "DELETE" }));

onSubmit("fault-form", () => {
  const body = {};
  for (const { hidden, control } of element("fault-form").querySelectorAll("label")) {
    const value = control.type === "number" ? Number(control.value) : control.value;
    if (!hidden && control.value) body[control.name] = value;
  }
  act("faults", "The fault waits for its call.", { body });
});
element("clear").addEventListener("click", () => act("faults", "No fault waits.", { method: "DELETE" }));

let user = null;
onSubmit("user-form", async ({ factor }) => {
  const wished = [...factor].filter((each) => each.checked).map((each) => each.value);
  const added = await act("users", "A user is added.", { body: { factors: wished } });
  if (!added) return;
  user = added;
  const off = added.off.length ? `, of which the tenant has off: ${added.off.join(", ")}` : "";
  const factors = `${added.factors.join(", ") || "no factor yet"}${off}`;
  fill(element("user"), { name: added.username, factors, password: "" });
  element("user").hidden = false;
  part(element("user"), "show").ariaPressed = "false";
});
// The password is in the page only while its button is pressed in.
part(element("user"), "show").addEventListener("click", ({ target: button }) => {
  const isShown = button.ariaPressed !== "true";
  button.ariaPressed = String(isShown);
  write(part(element("user"), "password"), isShown ? user.password : "");
});

settings.addEventListener("change", ({ target: { name, value } }) => {
  const body = name in choices.switches ? { switches: { [name]: value } } : { [name]: value };
  act("settings", `${name} is ${value} now.`, { method: "PATCH", body });
});

element("reset").addEventListener("click", () => {
  if (confirm("Reset the tenant? Its users, logins, messages and faults go, and it has its first settings again.")) {
    act("reset", "The tenant is reset.", { body: {} });
    element("user").hidden = true;
  }
});
