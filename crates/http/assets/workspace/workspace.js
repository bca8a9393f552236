// Small comforts. Every page works without them.

/** Copies what stands beside the button, and says so for a moment. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.copied;
  } catch {
    // Without leave to write to the clipboard, the text is at least chosen.
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    return;
  }
  setTimeout(() => (button.textContent = label), 2000);
});

/** Shows what only works with scripts. */
document.documentElement.classList.add("scripts");

/** Opens the button of a dangerous form only when the asked-for word was typed. The server checks it as well. */
document.addEventListener("input", ({ target }) => {
  const word = target.dataset?.confirm;
  if (word === undefined) return;
  target.form.querySelector("[data-confirmed]").disabled = target.value.trim() !== word;
});
for (const field of document.querySelectorAll("input[data-confirm]")) field.dispatchEvent(new Event("input", { bubbles: true }));

/** Sends a form as soon as one of its choices changes. */
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("select[data-send]")) target.form.requestSubmit();
});

/**
 * Asks for the newest rows now and then: while the page is seen and somebody is there, and nothing in the list is being
 * read with keyboard, selection or an open detail. After ten minutes without anybody it rests.
 */
let rounds = 0;
for (const sign of ["pointermove", "keydown", "touchstart"]) addEventListener(sign, () => (rounds = 0), { passive: true });
setInterval(() => {
  const list = document.querySelector("[data-poll]");
  if (!list || document.hidden || (rounds += 1) > 60 || !document.querySelector("[data-live]")?.checked) return;
  if (list.contains(document.activeElement) || list.querySelector("details[open]") || !getSelection().isCollapsed) return;
  list.dispatchEvent(new Event("poll"));
}, 10_000);
