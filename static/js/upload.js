/* How far a sending is; without this script the form is sent all the same. */
(function () {
  "use strict";
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-upload]")) return;
    event.preventDefault();
    const [bar, said] = [form.querySelector("[data-upload-progress]"), form.querySelector("[data-upload-said]")];
    const button = form.querySelector("button[type=submit]");
    const sending = new XMLHttpRequest();
    button.disabled = true;
    bar.hidden = false;
    sending.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = Math.round((100 * loaded) / (total || 1));
      said.textContent = said.dataset.textSending.replace("{percent}", bar.value);
    });
    sending.upload.addEventListener("load", () => { said.textContent = said.dataset.textReading; });
    sending.addEventListener("error", () => {
      bar.hidden = true;
      button.disabled = false;
      said.textContent = document.getElementById("texts").dataset.offline;
    });
    sending.addEventListener("load", () => {
      const page = new DOMParser().parseFromString(sending.responseText, "text/html");
      const main = page.getElementById("main");
      if (!main || sending.responseURL !== form.action) return location.reload(); // signed out, or locked
      document.title = page.title;
      document.getElementById("main").replaceWith(document.adoptNode(main));
      return document.querySelector("#main [data-focus]")?.focus();
    });
    sending.open("POST", form.action);
    sending.setRequestHeader("Accept", "text/html");
    sending.send(new FormData(form));
  });
})();
