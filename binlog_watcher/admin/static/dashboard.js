// The page asks for its parts again every few seconds; not where nobody looks, and it says when nobody answers.
(() => {
  const lost = document.getElementById("lost");
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
    document.body.addEventListener(name, () => (lost.hidden = false));
  document.body.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful) lost.hidden = true;
  });
})();
