// Whether the application is right, judged by the server when the button is pressed; what is broken stands first.
import { linksTo } from "./exchanges.js";
import { ask, Refusal } from "./server.js";
import { cloned, element, fill, list, part, say, write } from "./showing.js";

const ORDER = ["broken", "not seen", "kept"];

function fillVerdict(row, { id, level, verdict, sentence, source, said, exchanges }) {
  fill(row, { verdict: `${verdict} · ${level}`, id, sentence, said, source });
  part(row, "numbers").replaceChildren(...(exchanges.length ? ["Exchanges ", ...linksTo(exchanges)] : []));
}

function show({ verdicts, left_out: leftOut }) {
  const of = (verdict) => verdicts.filter((each) => each.verdict === verdict);
  const counted = ORDER.map((verdict) => `${of(verdict).length} ${verdict}`).join(" · ");
  write(element("judged"), `${counted}${leftOut ? ` · ${leftOut} exchanges on purpose, left out` : ""}`);
  const rank = (each) => 2 * ORDER.indexOf(each.verdict) + (each.level === "must" ? 0 : 1);
  const sorted = verdicts.map((each) => ({ ...each, key: each.id })).sort((one, other) => rank(one) - rank(other));
  const isBroken = ({ verdict }) => verdict === "broken";
  list(element("broken"), sorted.filter(isBroken), () => cloned("verdict"), fillVerdict);
  list(element("others"), sorted.filter((each) => !isBroken(each)), () => cloned("verdict"), fillVerdict);
  element("of-others").hidden = element("others").hidden;
}

element("judge").addEventListener("click", async () => {
  try {
    show(await ask("conduct"));
  } catch (problem) {
    const none = "This server keeps no exchanges, so it cannot judge: it was started with --no-journal.";
    const failed = problem instanceof Refusal ? problem.message : "The server did not answer.";
    const why = problem.status === 404 ? none : failed;
    write(element("judged"), why);
    say(why);
  }
});
