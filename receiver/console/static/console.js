// Keeps the page fresh. Without it everything works after a reload.
"use strict";

const main = document.getElementById("main");
const stale = document.getElementById("stale");
const pause = Number(main.dataset.refresh || 0) * 1000;
let timer = 0;

// What was done is told once: a reload does not tell it again. The address is relative, because it may hold a password.
if (document.getElementById("deed")) {
  const rest = new URLSearchParams(location.search);
  for (const name of ["command", "done", "gone", "refused", "left"]) rest.delete(name);
  history.replaceState(null, "", `?${rest}`);
}

function isInUse() {
  const active = document.activeElement;
  const typing = main.contains(active) && active.closest("form") !== null;
  const selecting = getSelection().type === "Range" && main.contains(getSelection().anchorNode);
  return typing || selecting;
}

// Only what has changed is replaced, so that focus, selection and what a screen reader says stay where they are.
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
  const alike = before.length === after.length && before.every((each, at) => each.tagName === after[at].tagName && each.id === after[at].id);
  if (!alike) main.replaceChildren(...after);
  else before.forEach((each, at) => {
    if (each.outerHTML === after[at].outerHTML) return;
    each.className = after[at].className;
    each.replaceChildren(...after[at].childNodes);
  });
  main.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
  const again = summaryOf ? document.getElementById(summaryOf)?.firstElementChild : focusedId && document.getElementById(focusedId);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  scrollTo({ left: x, top: y, behavior: "instant" });
}

async function refresh() {
  if (document.hidden || isInUse()) return;
  try {
    const answer = await fetch(location.origin + location.pathname + location.search, { credentials: "same-origin", cache: "no-store" });
    if (answer.status === 401 || answer.status === 429) {
      clearInterval(timer);
      stale.hidden = false;
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    // The person may have begun to use a form meanwhile.
    if (fresh && !isInUse()) replace(fresh);
    stale.hidden = fresh !== null;
  } catch {
    stale.hidden = false;
  }
}

if (pause) {
  timer = setInterval(refresh, pause);
  document.addEventListener("visibilitychange", refresh);
}
