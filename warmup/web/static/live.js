// Looks again every few seconds and puts what has changed in the place of what was there. Without scripts the page is
// the same, and is loaded again by hand.
"use strict";

const EVERY = 2000; // milliseconds
const RESTED = 9; // times as long as an answer took, so that a large pool isn't asked all the time
const watching = document.getElementById("watching");

function renew(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.innerHTML === old.innerHTML) continue;
    // Whoever goes through the page by keyboard stays where they are.
    const links = [...old.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const href = at < 0 ? null : links[at].getAttribute("href");
    old.replaceChildren(...now.childNodes);
    if (href === null) continue;
    const same = [...old.querySelectorAll("a")].filter((link) => link.getAttribute("href") === href);
    (same[0] || document.getElementById("main")).focus({ preventScroll: true });
  }
}

function say(words) {
  if (watching.textContent !== words) watching.textContent = words;
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // to the page that asks for the token
    if (!answer.ok) throw new Error(answer.status);
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say("Live");
  } catch {
    say("Doesn't answer; trying again");
  }
}

async function watch() {
  const began = performance.now();
  await look();
  setTimeout(watch, Math.max(EVERY, RESTED * (performance.now() - began)));
}

if (document.querySelector("main [data-live]")) watch();
