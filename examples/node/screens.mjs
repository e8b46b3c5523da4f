// The screens of a login: each has a heading, what a person should know, and what they can do. None has a token.

import { qrSvg } from "./qr.mjs";

const escaped = (text) => text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
const button = (path, text) => `<form method="post" action="${path}"><button>${text}</button></form>`;
const note = (texts, which) => `<p role="alert">${texts[which] ?? ""}</p>`;
const LATER = "This did not work. Wait a few minutes, then try again.";
const RESTART = button("/restart", "Log in again");

const SCREENS = {
  login: (login) => [
    "Log in",
    `${note({ wrong: "This name and this password do not fit.", later: LATER }, login.note)}
    <form method="post" action="/login">
      <label>Name <input name="username" autocomplete="username" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Log in</button>
    </form>`,
  ],
  qr: (login) => [
    "Scan this with the Guardian app",
    `${qrSvg(login.barcode_uri, "QR code for the Guardian app")}
    <p>This page goes on by itself when your phone has scanned it. You have five minutes.</p>
    <details>
      <summary>You cannot scan it?</summary>
      <p>Give the app this text: <code>${escaped(login.barcode_uri)}</code></p>
    </details>
    ${button("/poll", "I have scanned it")}`,
  ],
  wait: () => [
    "Look at your phone",
    `<p>A push is there: allow it in the Guardian app. This page goes on by itself.</p>
    ${button("/poll", "I have allowed it")} ${button("/use-code", "Use a code")}`,
  ],
  again: () => [
    "The login was rejected on your phone",
    `<p>If it was you, try again. If you did not reject it, change your password.</p>
    ${button("/again", "Try again")} ${button("/use-code", "Use a code")} ${button("/restart", "Cancel")}`,
  ],
  code: (login) => [
    "Use a code",
    `${note({ wrong: "This code is wrong, too old or used. Take the next one.", later: LATER }, login.note)}
    <form method="post" action="/code">
      <label>The six digits in the Guardian app, or your recovery code
        <input name="code" autocomplete="one-time-code" spellcheck="false" required autofocus>
      </label>
      <button>Log in</button>
    </form>
    ${login.push ? button("/again", "Send a push") : ""} ${button("/restart", "Cancel")}`,
  ],
  expired: () => ["Time is up", `<p>There was no answer in time. Log in again.</p>${RESTART}`],
  failed: () => ["This did not work", `<p>Nothing is lost. Log in again.</p>${RESTART}`],
  done: (login) => [
    "You are logged in",
    `${login.recovery_code ? `<p>If your phone is lost, this recovery code lets you in once. Write it down:</p>
    <p><code>${escaped(login.recovery_code)}</code></p>` : ""}
    ${button("/restart", "Log out")}`,
  ],
};

/** Returns the whole page for a login. While `data-again` is there, page.js asks again after so many seconds. */
export function page(login) {
  const [heading, body] = SCREENS[login.screen](login);
  const again = login.screen === "qr" || login.screen === "wait" ? ` data-again="${login.gap}"` : "";
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${heading}</title>
    <link rel="stylesheet" href="/page.css">
    <script type="module" src="/page.js"></script>
  </head>
  <body>
    <main data-screen="${login.screen}"${again}>
      <h1 tabindex="-1">${heading}</h1>
      ${body}
    </main>
  </body>
</html>
`;
}
