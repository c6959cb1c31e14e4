"use strict";
const form = document.getElementById("choices");
const state = document.getElementById("state");
let stamp = null;

function show() {
  const query = new URLSearchParams(new FormData(form)).toString();
  for (const frame of document.querySelectorAll("iframe")) {
    frame.setAttribute("aria-busy", "true");
    frame.onload = () => frame.removeAttribute("aria-busy");
    frame.src = `${frame.dataset.path}?${query}`;
  }
}

async function look() {
  try {
    const now = await (await fetch("/stamp")).text();
    if (stamp !== null && now !== stamp) {
      show();
      state.textContent = `Shown anew at ${new Date().toLocaleTimeString()}.`;
    }
    stamp = now;
  } catch {
    state.textContent = "cartwake theme preview has ended.";
  }
}

fetch("/choices").then((answer) => answer.json()).then((choices) => {
  for (const [name, values] of Object.entries(choices))
    for (const value of values) form.elements[name].add(new Option(value, value));
  form.addEventListener("change", show);
  show();
  look();
  setInterval(look, 1000);
});
