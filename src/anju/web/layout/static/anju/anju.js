// Small helps that need no framework. Every page works without them.
(function () {
  "use strict";
  // What was typed survives an expired session or a closed tab: kept on this device until the form was sent.
  var key = function (form) { return "draft:" + location.pathname + ":" + (form.id || form.getAttribute("action") || ""); };
  document.querySelectorAll("form[data-keep]").forEach(function (form) {
    try {
      var kept = JSON.parse(localStorage.getItem(key(form)) || "null");
      if (kept) { Object.keys(kept).forEach(function (name) { var field = form.elements[name]; if (field && !field.value && field.type !== "hidden") { field.value = kept[name]; } }); }
    } catch (e) { /* a full or forbidden store costs the draft, not the page */ }
    form.addEventListener("input", function () {
      var now = {};
      Array.prototype.forEach.call(form.elements, function (field) { if (field.name && field.type !== "hidden" && field.type !== "password" && field.type !== "file" && field.value) { now[field.name] = field.value; } });
      try { localStorage.setItem(key(form), JSON.stringify(now)); } catch (e) { /* as above */ }
    });
  });
  // The page after a form that was taken says which draft is done with: <body data-sent="/its/path/:form-id">
  var sent = document.body.getAttribute("data-sent");
  if (sent) { try { localStorage.removeItem("draft:" + sent); } catch (e) { /* as above */ } }
  // How much of a file has been sent, while it is sent
  document.addEventListener("htmx:xhr:progress", function (event) {
    var bar = event.target.querySelector && event.target.querySelector("progress[data-sent-so-far]");
    if (bar && event.detail.total) { bar.hidden = false; bar.max = event.detail.total; bar.value = event.detail.loaded; }
  });
  // "/" puts the cursor into the page's search field
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) { return; }
    var field = document.querySelector("input[type=search]");
    if (field) { field.focus(); event.preventDefault(); }
  });
})();
