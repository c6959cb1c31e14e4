// The page asks for its parts again every few seconds; not where nobody looks, and it says when nobody answers.
(() => {
  const lost = document.getElementById("lost");
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
    document.body.addEventListener(name, () => (lost.hidden = false));
  let unfolded = [];
  document.body.addEventListener("htmx:beforeSwap", () => {
    unfolded = [...document.querySelectorAll("details[open]")].map((one) => one.id);
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  });
  document.body.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful) lost.hidden = true;
  });
})();
