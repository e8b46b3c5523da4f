// What a panel does in the browser, and all that may reach the page and not the file: it comes by message, in a buffer.
// No widget's state has it. A message for a place that is not on the page yet is lost: so each says when it is there.

function add(el, tag, attributes, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  el.append(node);
  return node;
}

function panel({ model, el }) {  // where a press leaves the focus, and what a key does; it draws nothing
  const listening = new AbortController();
  const observer = new MutationObserver(changed);
  let frame, root, focused;  // root is the panel
  let began = null;  // the button that took the first click of a series

  const isInside = (node) => node instanceof Node && root.contains(node);
  const buttonOf = (node) => (isInside(node) ? node.closest("button") : null);
  const isOff = (button) => button.matches('[aria-disabled="true"], [aria-busy="true"]');
  const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };

  function nextCell() {
    let next = root.closest(".jp-Notebook .jp-Cell")?.nextElementSibling;
    while (next && !(next.matches(".jp-Cell") && next.getClientRects().length)) next = next.nextElementSibling;
    return next;
  }

  function clicked(event) {
    const button = buttonOf(event.target);
    if (event.detail < 2) began = button;
    // A double click is one press: its second half may fall on a row that has slid under the pointer.
    if (button && (event.detail > 1 || isOff(button))) stop(event);
    // A press by keyboard has no detail, and keeps the focus.
    if (began && event.detail > 0) nextCell()?.focus({ preventScroll: true });
  }

  function doubled(event) {  // JupyterLab would make the panel's own cell the active one again
    if (began && isInside(event.target)) stop(event);
  }

  function keyPressed(event) {
    if (event.key !== "Enter" || !isInside(event.target)) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const notebook = root.closest(".jp-Notebook");
    if (event.shiftKey && notebook) {
      stop(event);  // JupyterLab would run the panel's own cell again
      const next = nextCell();
      if (next) next.focus();
      else notebook.querySelector(".jp-Notebook-footer")?.click();  // makes a cell, as Shift+Enter does in the last one
    } else if (event.repeat && buttonOf(event.target)) {
      stop(event);  // a key that is held down is one press
    }
  }

  function changed() {
    for (const button of root.querySelectorAll("button")) {
      const isDisabled = button.classList.contains("auth0-mfa-off");
      button.setAttribute("aria-busy", button.classList.contains("auth0-mfa-busy"));
      button.setAttribute("aria-disabled", isDisabled);
      button.tabIndex = isDisabled ? -1 : 0;
    }
    if (focused && !root.contains(focused)) {  // its row is gone
      focused = null;
      const last = [...root.querySelectorAll("button")].at(-1);
      if (document.activeElement === document.body) last?.focus({ preventScroll: true });
    }
  }

  function begin() {
    root = el.closest(".auth0-mfa-panel");
    if (!root) { frame = requestAnimationFrame(begin); return; }  // not on the page yet
    const { signal } = listening;
    // Before anything else on the page hears of it.
    window.addEventListener("click", clicked, { capture: true, signal });
    window.addEventListener("dblclick", doubled, { capture: true, signal });
    window.addEventListener("keydown", keyPressed, { capture: true, signal });
    root.addEventListener("focusin", (event) => { focused = event.target; }, { signal });
    // Without a successor it may be that the focused element is being removed.
    root.addEventListener("focusout", (event) => { if (event.relatedTarget) focused = null; }, { signal });
    observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
    changed();
  }

  begin();
  model.send({ kind: "ready" });
  return () => { cancelAnimationFrame(frame); listening.abort(); observer.disconnect(); };
}

function standIn(row, code) {  // draws a code where its alias stands, also when the row is drawn anew; returns its end
  const draw = () => {
    const alias = row.querySelector(".phone-code");
    if (!alias || alias.querySelector(".revealed")) return;
    alias.dataset.shown = alias.textContent;
    alias.replaceChildren();
    add(alias, "b", { class: "revealed" }, code);
    add(alias, "small", {}, " on this page only");
  };
  const observer = new MutationObserver(draw);
  observer.observe(row, { childList: true, subtree: true });
  draw();
  return () => {
    observer.disconnect();
    for (const alias of row.querySelectorAll(".phone-code:has(.revealed)")) alias.textContent = alias.dataset.shown;
  };
}

function place({ model, el }) {  // a secret as text or as a picture, for some seconds, though the kernel be busy
  let url, timer, end;
  const clear = () => { clearTimeout(timer); URL.revokeObjectURL(url); el.replaceChildren(); end?.(); };
  const receive = (message, buffers) => {
    clear();
    if (message.picture) {
      url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/svg+xml" }));
      el.style.overflowX = "auto";
      add(el, "img", { src: url, alt: message.alt, style: message.picture });
    } else if (el.closest(".phone-row")) {
      end = standIn(el.closest(".phone-row"), new TextDecoder().decode(buffers[0]));
    } else {
      const style = "white-space:pre-wrap;overflow-wrap:anywhere;user-select:all;margin:4px 0;padding:6px;";
      const attributes = { class: "revealed", "aria-label": message.alt, style: `${style}border:1px dashed #c0392b` };
      add(el, "pre", attributes, new TextDecoder().decode(buffers[0]));
    }
    timer = setTimeout(() => {
      clear();
      if (message.over) add(el, "p", { class: "qr-instead" }, message.over);
    }, message.seconds * 1000);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready" });
  return () => { model.off("msg:custom", receive); clear(); };
}

const COPIED = "Copied: this command holds raw secrets";
const REFUSED = "Not copied: the browser keeps this page from the clipboard. Allow it for this page, which must have TLS or " +
  "be of localhost, and press again.";
const SILENT = "Not copied: the kernel does not answer. It is busy or has ended: press again when it is idle.";

function copy({ model, el }) {  // a button that asks for a text and puts it on the clipboard
  let press = null;  // the one whose answer is waited for
  let timer;
  const button = add(el, "button", {
    class: "copy-runnable lm-Widget jupyter-widgets jupyter-button widget-button",
    type: "button",
    title: "Copy the command with its raw values",
    "aria-label": model.get("label"),
    "data-lm-suppress-shortcuts": "true",  // otherwise JupyterLab takes Enter for a key of its own
  }, "Copy runnable");
  const live = { class: "copy-status", role: "status", "aria-live": "polite", style: "line-height:1.5;min-height:1.5em" };
  const status = add(el, "div", live);
  const end = (said) => { clearTimeout(timer); press = null; status.textContent = said; };
  button.addEventListener("click", () => {
    end("");
    press = String(Math.random());
    timer = setTimeout(() => end(SILENT), 10_000);
    model.send({ kind: "copy", press });
  });
  const receive = async (message, buffers) => {
    // What answers no press of this place, or one that was given up, must not change the clipboard.
    if (message.kind !== "copy" || press === null || message.press !== press) return;
    end("");
    let said = COPIED;
    try {
      await navigator.clipboard.writeText(new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffers[0]));
    } catch {  // no clipboard on a page without TLS, or it was refused
      said = REFUSED;
    }
    if (press === null) end(said);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready" });
  return () => { end(""); model.off("msg:custom", receive); el.replaceChildren(); };
}

export default { render: (view) => ({ panel, place, copy })[view.model.get("role")](view) };
