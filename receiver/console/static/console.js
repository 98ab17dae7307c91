// Refreshes the page in place. Without JavaScript everything works with reloads.
"use strict";

const main = document.getElementById("main");
const stale = document.getElementById("stale");
const interval = Number(main.dataset.refresh || 0) * 1000;
let timer = 0;
document.documentElement.classList.add("js");

// A reload does not show an action's result again. The address is relative, because the full one may hold a password.
if (document.getElementById("result")) {
  const rest = new URLSearchParams(location.search);
  for (const name of ["command", "done", "gone", "refused", "dry", "left"]) rest.delete(name);
  history.replaceState(null, "", `?${rest}`);
}

function isInUse() {
  const active = document.activeElement;
  const typing = main.contains(active) && active.closest("form") !== null;
  const selecting = getSelection().type === "Range" && main.contains(getSelection().anchorNode);
  return typing || selecting;
}

// Replace only what has changed, so that focus, selection and a screen reader keep their place.
function replace(fresh) {
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  const summaryOf = focused && focused.matches("summary") ? focused.parentElement.id : "";
  const focusedId = focused ? focused.id : "";
  const scrolled = [...main.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  const [x, y] = [scrollX, scrollY];
  for (const each of main.querySelectorAll("details[open]")) {
    fresh.querySelector(`#${CSS.escape(each.id)}`)?.setAttribute("open", "");
  }
  const [before, after] = [[...main.children], [...fresh.children]];
  const isSameLayout = before.length === after.length && before.every((each, at) => each.tagName === after[at].tagName && each.id === after[at].id);
  if (!isSameLayout) main.replaceChildren(...after);
  else before.forEach((each, at) => {
    if (each.outerHTML === after[at].outerHTML) return;
    each.className = after[at].className;
    each.replaceChildren(...after[at].childNodes);
  });
  main.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
  const refocus = summaryOf ? document.getElementById(summaryOf)?.firstElementChild : focusedId && document.getElementById(focusedId);
  if (refocus && refocus !== document.activeElement) refocus.focus({ preventScroll: true });
  scrollTo({ left: x, top: y, behavior: "instant" });
}

// Names stay in this page alone: the server is asked for them again only where a contact is new, or HubSpot was away.
const NAMES_AGAIN = 10000;
let namesAsked = Date.now();

function isNamed() {
  return [...main.querySelectorAll("[data-name]")].every((each) => each.textContent || "asked" in each.dataset);
}

function keepNames(fresh) {
  const known = new Map([...main.querySelectorAll("[data-name]")].map((each) => [each.dataset.name, each]));
  for (const each of fresh.querySelectorAll("[data-name]")) {
    const before = known.get(each.dataset.name);
    each.textContent ||= before?.textContent || "";
    if (before && "asked" in before.dataset) each.dataset.asked = "";
  }
}

async function refresh() {
  if (document.hidden || isInUse()) return;
  const keepsNames = isNamed() || Date.now() - namesAsked < NAMES_AGAIN;
  if (!keepsNames) namesAsked = Date.now();
  // Another language may have been chosen since, on another page.
  const asked = new URLSearchParams(location.search);
  asked.set("lang", document.documentElement.lang);
  const headers = { "Leadsync-Refresh": "yes", ...(keepsNames && { "Leadsync-Names": "kept" }) };
  try {
    const answer = await fetch(`${location.origin}${location.pathname}?${asked}`, { credentials: "same-origin", cache: "no-store", headers });
    if (answer.status === 401 || answer.status === 429) {
      clearInterval(timer);
      stale.hidden = false;
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    // Somebody may have started to use a form meanwhile.
    if (fresh && !isInUse()) {
      keepNames(fresh);
      document.title = page.title;
      replace(fresh);
    }
    stale.hidden = fresh !== null;
  } catch {
    stale.hidden = false;
  }
}

// A browser has no clipboard on a page that is neither of this machine nor under https: then the old way is tried.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  let isCopied = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    isCopied = document.execCommand("copy");
    if (isCopied) getSelection().removeAllRanges();
  }
  if (isCopied) document.getElementById(button.dataset.status).textContent = button.dataset.copied;
}

main.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

if (interval) {
  timer = setInterval(refresh, interval);
  document.addEventListener("visibilitychange", refresh);
}
