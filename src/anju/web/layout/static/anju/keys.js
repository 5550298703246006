// A queue by the keyboard: j and k walk its lines, Enter opens one, x ticks it, ? shows these keys. Every page works without.
(function () {
  "use strict";
  var lines = Array.prototype.slice.call(document.querySelectorAll(".q.case"));
  var link = function (line) { return line.querySelector("a.open"); };
  var at = function () { return lines.findIndex(function (line) { return line.contains(document.activeElement); }); };
  var go = function (n) {
    if (!lines.length) { return; }
    var line = lines[Math.max(0, Math.min(lines.length - 1, n))];
    link(line).focus();
    line.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", function (event) {
    var there = document.activeElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(TEXTAREA|SELECT)$/.test(there.tagName) || (there.tagName === "INPUT" && there.type !== "checkbox")) { return; }
    if (event.key === "j") { go(at() + 1); }
    else if (event.key === "k") { go(at() < 0 ? 0 : at() - 1); }
    else if (event.key === "x" && at() >= 0) { var box = lines[at()].querySelector("input[type=checkbox]"); if (box) { box.click(); } }
    else if (event.key === "Enter" && there.type === "checkbox" && at() >= 0) { link(lines[at()]).click(); }
    else if (event.key === "?") { var help = document.getElementById("keys"); if (help) { help.open = !help.open; if (help.open) { help.scrollIntoView({ block: "nearest" }); } } }
    else { return; }
    event.preventDefault();
  });
})();
