// A web application that logs people in with a second factor, in Node alone. Secrets and tokens stay here: the browser
// gets screens. The variables that `auth0-mfa-lab serve --env-file auth0.env` writes say where the tenant is:
//   set -a; . ./auth0.env; set +a; node examples/node/server.mjs

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { page } from "./screens.mjs";

const { AUTH0_DOMAIN: domain, PORT = 3000 } = process.env;
const app = { client_id: process.env.AUTH0_CLIENT_ID, client_secret: process.env.AUTH0_CLIENT_SECRET };
const MFA = "http://auth0.com/oauth/grant-type/mfa-";
const LIFETIME = 10 * 60 * 1000; // of an mfa_token: nothing is kept for longer
const FILES = { "/page.css": "text/css", "/page.js": "text/javascript" };
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "same-origin", // with none, a browser does not name the origin of a form either
  "x-content-type-options": "nosniff",
};

/** Asks Auth0, and returns its answer; status 0 is none, and a gateway's page has no error. */
async function ask(path, fields, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const method = fields ? "POST" : "GET";
  try {
    const answer = await fetch(`https://${domain}${path}`, { method, headers, body: fields && JSON.stringify(fields) });
    return { status: answer.status, body: await answer.json().catch(() => ({})) };
  } catch {
    return { status: 0, body: {} };
  }
}

const grant = (grant_type, fields) => ask("/oauth/token", { grant_type, ...app, ...fields });

/** Returns the screen for an answer that ends a login, or a poll; null while it pays to ask again. */
function screenFor({ status, body: { error, error_description: text } }) {
  if (error === "authorization_pending" || error === "slow_down") return null;
  if (status === 0 || status === 429 || status >= 500) return null;
  if (error === "expired_token") return "expired";
  // A tenant answers with invalid_grant or with access_denied: the text tells it from a wrong token.
  return text === "MFA Authorization rejected." ? "again" : "failed";
}

const noteOn = ({ body }) => (body.error === "invalid_grant" ? "wrong" : "later");

/** What each form does with a login. `screen` is what its browser shows next. */
const ACTIONS = {
  "/login": async (login, form) => {
    const name = { username: form.get("username"), password: form.get("password") };
    const answer = await grant("password", { ...name, scope: "openid" });
    if (answer.body.access_token) return { screen: "done" }; // here, and below: your session begins, with the id_token
    if (!answer.body.mfa_token) return { screen: "login", note: noteOn(answer) };
    login = { mfa_token: answer.body.mfa_token };
    const listed = (await ask("/mfa/authenticators", null, login.mfa_token)).body;
    if (!Array.isArray(listed)) return { screen: "login", note: "later" };
    const active = listed.filter((each) => each.active);
    if (!active.length) return enroll(login);
    login.push = active.find((each) => each.oob_channel === "auth0")?.id;
    return login.push ? challenge(login) : { ...login, screen: "code" };
  },
  "/again": (login) => challenge(login),
  "/poll": async (login) => {
    if (login.screen !== "qr" && login.screen !== "wait") return login;
    const answer = await grant(`${MFA}oob`, { mfa_token: login.mfa_token, oob_code: login.oob_code });
    if (answer.body.access_token) return { screen: "done", recovery_code: login.recovery_code };
    // Too fast: slower from now on.
    const gap = login.gap + (answer.status === 429 || answer.body.error === "slow_down" ? 5 : 0);
    return { ...login, gap, screen: screenFor(answer) ?? login.screen };
  },
  "/use-code": (login) => ({ ...login, screen: "code" }),
  "/code": async (login, form) => {
    const code = (form.get("code") ?? "").replaceAll(/\s/g, "");
    const [kind, name] = /^\d{6}$/.test(code) ? ["otp", "otp"] : ["recovery-code", "recovery_code"];
    const answer = await grant(MFA + kind, { mfa_token: login.mfa_token, [name]: code });
    // A recovery code is used up, and the answer has the next.
    if (answer.body.access_token) return { screen: "done", recovery_code: answer.body.recovery_code };
    if (answer.body.error === "expired_token") return { screen: "expired" };
    return { ...login, screen: "code", note: noteOn(answer) };
  },
  "/restart": () => ({ screen: "login" }),
};

async function enroll(login) {
  const asked = { authenticator_types: ["oob"], oob_channels: ["auth0"] };
  const answer = await ask("/mfa/associate", asked, login.mfa_token);
  const { oob_code, barcode_uri, recovery_codes = [] } = answer.body;
  if (!barcode_uri) return { screen: screenFor(answer) ?? "failed" };
  return { ...login, oob_code, barcode_uri, recovery_code: recovery_codes[0], gap: 5, screen: "qr" };
}

async function challenge(login) {
  const asked = { mfa_token: login.mfa_token, challenge_type: "oob", authenticator_id: login.push };
  const answer = await ask("/mfa/challenge", { ...app, ...asked });
  const oob_code = answer.body.oob_code;
  if (!oob_code) return { screen: screenFor(answer) ?? "failed" };
  return { ...login, oob_code, gap: 5, screen: "wait" };
}

// -- the browser's side: a cookie names the login, a form changes it, and a page shows it

const logins = new Map();

async function respond(request, response) {
  const path = new URL(request.url, "http://localhost").pathname;
  const send = (status, headers, body = "") => response.writeHead(status, { ...HEADERS, ...headers }).end(body);
  if (FILES[path]) {
    return send(200, { "content-type": FILES[path] }, await readFile(new URL(`.${path}`, import.meta.url)));
  }
  const id = /(?:^|; )login=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const login = logins.get(id) ?? { screen: "login" };
  if (request.method === "GET" && path === "/") return send(200, { "content-type": "text/html" }, page(login));
  if (request.method !== "POST" || !Object.hasOwn(ACTIONS, path)) return send(404, {});
  const { origin, host } = request.headers;
  if (origin && origin.replace(/^https?:\/\//, "") !== host) return send(403, {}); // another site's form
  let form = "";
  for await (const part of request) if ((form += part).length > 10_000) return send(413, { connection: "close" });
  if (path === "/login" || logins.has(id)) {
    const next = { note: null, ...(await ACTIONS[path]({ ...login, note: null }, new URLSearchParams(form))) };
    if (path === "/login") {
      const fresh = randomBytes(32).toString("base64url");
      logins.delete(id);
      logins.set(fresh, next);
      setTimeout(() => logins.delete(fresh), LIFETIME).unref();
      response.setHeader("set-cookie", `login=${fresh}; HttpOnly; SameSite=Strict; Path=/`); // and Secure, behind TLS
    } else if (logins.get(id) === login || next.screen === "done") {
      logins.set(id, next); // a poll that ends late does not undo what another form did meanwhile
    }
  }
  return send(303, { location: "/" });
}

const server = createServer((request, response) =>
  respond(request, response).catch((problem) => {
    console.error(problem.name); // its message may quote what was sent
    response.writeHead(500).end();
  }),
);
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/ is ready`));
