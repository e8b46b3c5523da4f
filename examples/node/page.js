// Asks the server while the screen says so, and shows the next screen. Without this script the buttons do the same.
for (let main; (main = document.querySelector("main")).dataset.again; ) {
  await new Promise((go) => setTimeout(go, main.dataset.again * 1000));
  const answer = await fetch("/poll", { method: "POST" }).catch(() => null);
  if (!answer?.ok) continue; // the server is away: it is asked again
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("main");
  if (next.dataset.screen === main.dataset.screen) {
    main.dataset.again = next.dataset.again;
  } else {
    main.replaceWith(next);
    document.title = page.title;
    next.querySelector("h1").focus(); // a screen reader says it
  }
}
