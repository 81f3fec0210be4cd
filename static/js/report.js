/* A report that is being written is not left by chance: whoever goes away with words that are not saved is asked. */
(function () {
  "use strict";
  const texts = () => [...document.querySelectorAll("[data-unsaved]")];
  const isUnsaved = () => texts().some((text) => text.value !== text.closest("form").elements["was-text"].value);
  let isSaved = false; // what was sent has arrived: the page that follows holds it

  addEventListener("beforeunload", (event) => { if (!isSaved && isUnsaved()) event.preventDefault(); });
  document.addEventListener("htmx:beforeOnLoad", (event) => { isSaved = event.detail.xhr.status < 400; });
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) isSaved = true; }); // a page without htmx
  document.addEventListener("input", () => { isSaved = false; });
})();
