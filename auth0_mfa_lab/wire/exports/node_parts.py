"""What a module for Node.js begins with: its head, and the functions that it needs."""

from __future__ import annotations

HEAD = """\
// {what}
// It needs Node.js 18 or newer, and the variables below. A served sandbox writes them:
//   {serve}
//   set -a; . ./lab.env; set +a; node this-file.mjs
// With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
{imports}
function end(message) {
    console.error(message);
    process.exit(1);
}

function needed(name) {
    return process.env[name] || end(`${name} is not set`);
}

[{needed}].forEach(needed);
if (process.env.AUTH0_CA_FILE && !process.env.NODE_EXTRA_CA_CERTS)
    end("set NODE_EXTRA_CA_CERTS to the file of AUTH0_CA_FILE: Node.js reads it when it starts");
"""

REQUEST = """\
// Sends one request, and returns the answer's status and its JSON, null where it has none.
async function request(path, options) {
    const answer = await fetch(`https://${AUTH0_DOMAIN}${path}`, options).catch((problem) =>
        end(`${AUTH0_DOMAIN} gave no answer: ${problem.cause?.code ?? problem.message}`),
    );
    const text = await answer.text();
    try {
        return { status: answer.status, json: JSON.parse(text) };
    } catch {
        return { status: answer.status, json: null };
    }
}

// Ends the script unless the status is the recorded one.
function expect(what, answer, status) {
    if (answer.status !== status)
        end(`${what}: ${status} was recorded, ${answer.status} came (${answer.json?.error})`);
    console.log(`${what}: ${status}`);
}
"""

POLL = """\
// Sends one request until it is answered: 5 seconds between two polls, and 5 more after each slow_down.
async function poll(path, options) {
    for (let interval = 5; ; await seconds(interval * 1000)) {
        const answer = await request(path, options);
        if (answer.status === 429 || answer.json?.error === "slow_down") interval += 5;
        else if (answer.json?.error !== "authorization_pending") return answer;
    }
}
"""

LAB = """\
// Returns what the served sandbox's command line prints.
function lab(...words) {
    try {
        return execFileSync("auth0-mfa-lab", words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
    } catch {
        return end(`auth0-mfa-lab ${words.slice(0, 2).join(" ")} could not do this`);
    }
}
"""

REFUSED = """\
// Lets the phone do what the tenant refused when this was recorded.
function labRefuses(...words) {
    try {
        execFileSync("auth0-mfa-lab", words, { stdio: "ignore" });
    } catch {
        return;
    }
    end(`auth0-mfa-lab ${words.slice(0, 2).join(" ")} was refused when this was recorded`);
}
"""

ASK = """\
// Asks the person, and returns what is typed.
async function ask(question) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const typed = await terminal.question(`${question}: `);
    terminal.close();
    return typed.trim();
}
"""
