// Small helps that need no framework. Every page works without them.
(function () {
  "use strict";
  var body = document.body, each = Array.prototype.forEach, WEEK = 7 * 24 * 3600 * 1000;
  // What was typed survives a lost connection, an expired session or a closed tab: kept on this device, for this account only, until
  // the server says by a cookie that the form was taken; and gone at sign-out. Never passwords, never anything as long as an identity number.
  var who = body.getAttribute("data-who") || "", number = /[0-9](?:[\s-]?[0-9xX]){13,}/;
  var store = { all: function () { try { return Object.keys(localStorage).filter(function (name) { return name.indexOf("draft:") === 0; }); } catch (e) { return []; } },
    get: function (name) { try { return JSON.parse(localStorage.getItem(name) || "null"); } catch (e) { return null; } },
    set: function (name, value) { try { localStorage.setItem(name, JSON.stringify(value)); } catch (e) { /* a full or forbidden store costs the draft, not the page */ } },
    drop: function (name) { try { localStorage.removeItem(name); } catch (e) { /* as above */ } } };
  var action = function (form) { return new URL(form.getAttribute("action") || location.href, location.href).pathname; };
  var key = function (form) { return "draft:" + who + ":" + location.pathname + ":" + (form.id || action(form)); };
  var taken = (/(?:^|; )sent=([^;]*)/.exec(document.cookie) || [])[1];
  if (taken) { document.cookie = "sent=; path=/; max-age=0; samesite=lax"; taken = decodeURIComponent(taken.replace(/^"|"$/g, "")); }
  store.all().forEach(function (name) {
    var draft = store.get(name);
    if (!draft || Date.now() - draft.at > WEEK || (draft.sent && draft.action === taken)) { store.drop(name); }
  });
  each.call(document.querySelectorAll("form[data-leave]"), function (form) { form.addEventListener("submit", function () { store.all().forEach(store.drop); }); });
  each.call(who ? document.querySelectorAll("form[data-keep]") : [], function (form) {
    var draft = store.get(key(form));
    Object.keys(draft ? draft.fields : {}).forEach(function (name) {
      var field = form.elements[name];
      if (field && !field.value && field.type !== "hidden") { field.value = draft.fields[name]; for (var fold = field.closest && field.closest("details"); fold; fold = fold.parentNode.closest("details")) { fold.open = true; } }
    });
    // What was ticked too, and the form's own key, so that a form sent again after its answer was lost is known to be the same
    (draft && draft.ticked || []).forEach(function (one) {
      each.call(form.elements, function (field) {
        if (field.name === one[0] && field.value === one[1] && /^(checkbox|radio)$/.test(field.type)) { field.checked = true; }
      });
    });
    if (draft && draft.key && form.elements.client_key) { form.elements.client_key.value = draft.key; }
    var keep = function (sent) {
      var fields = {}, ticked = [], own = form.elements.client_key;
      each.call(form.elements, function (field) {
        if (field.name && !/^(hidden|password|file|checkbox|radio|submit)$/.test(field.type) && !/password|code/.test(field.name) && field.value && !number.test(field.value)) { fields[field.name] = field.value; }
        if (own && field.name && /^(checkbox|radio)$/.test(field.type) && field.checked) { ticked.push([field.name, field.value]); }
      });
      if (Object.keys(fields).length) { store.set(key(form), { at: Date.now(), action: action(form), sent: sent, fields: fields, ticked: ticked, key: own ? own.value : "" }); } else { store.drop(key(form)); }
    };
    form.addEventListener("input", function () { keep(false); });
    form.addEventListener("submit", function () { keep(true); });
  });
  // Three ticks of a visit: kept on this device, sent but not yet answered; what was accepted the server counts
  each.call(who ? document.querySelectorAll("[data-ticks]") : [], function (line) {
    var saved = 0, sent = 0;
    store.all().forEach(function (name) {
      var draft = name.indexOf("draft:" + who + ":/visits/") === 0 && store.get(name);
      if (draft && draft.key) { if (draft.sent) { sent += 1; } else { saved += 1; } }
    });
    each.call(line.querySelectorAll("[data-saved]"), function (place) { place.textContent = saved; });
    each.call(line.querySelectorAll("[data-sent]"), function (place) { place.textContent = sent; });
  });
  // On a narrow screen the bar of ways is longer than the screen: where one is, is brought into sight
  each.call(document.querySelectorAll(".ways [aria-current]"), function (way) {
    var bar = way.parentNode;
    if (way.offsetLeft + way.offsetWidth > bar.offsetLeft + bar.clientWidth) { bar.scrollLeft = way.offsetLeft - bar.offsetLeft - (bar.clientWidth - way.offsetWidth) / 2; }
  });
  each.call(document.querySelectorAll("[data-print]"), function (button) { button.addEventListener("click", function () { window.print(); }); });
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
