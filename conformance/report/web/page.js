"use strict";
(() => {
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const rules = [...document.querySelectorAll("[data-rule]")];
  const texts = new Map();
  const KEYS = ["outcome", "level", "server"];

  const textOf = (rule) => {
    if (!texts.has(rule)) texts.set(rule, rule.textContent.toLowerCase());
    return texts.get(rule);
  };

  const wanted = () => {
    const data = new FormData(form);
    const view = { feature: data.get("feature") || "", q: (data.get("q") || "").trim() };
    for (const key of KEYS) view[key] = data.getAll(key);
    view.changed = data.has("changed");
    return view;
  };

  const fits = (rule, view) =>
    (!view.outcome.length || view.outcome.some((o) => rule.dataset.outcome.split(" ").includes(o))) &&
    (!view.level.length || view.level.includes(rule.dataset.level)) &&
    (!view.feature || rule.dataset.feature === view.feature) &&
    (!view.changed || "changed" in rule.dataset) &&
    view.q.toLowerCase().split(/\s+/).every((word) => !word || textOf(rule).includes(word));

  const apply = () => {
    const view = wanted();
    let shown = 0;
    for (const rule of rules) {
      rule.hidden = !fits(rule, view);
      shown += !rule.hidden;
    }
    for (const section of document.querySelectorAll(".page-section")) {
      section.hidden = !section.querySelector("[data-rule]:not([hidden])");
    }
    document.getElementById("nothing").hidden = shown > 0;
    document.getElementById("shown").textContent = `${shown} of ${rules.length} rules are shown.`;
  };

  const filtered = (view) => KEYS.some((key) => view[key].length) || view.feature || view.changed || view.q;

  const toAddress = () => {
    const view = wanted();
    const parts = new URLSearchParams();
    for (const key of KEYS) if (view[key].length) parts.set(key, view[key].join(","));
    if (view.feature) parts.set("feature", view.feature);
    if (view.changed) parts.set("changed", "yes");
    if (view.q) parts.set("q", view.q);
    history.replaceState(null, "", `#${parts.toString() || "all"}`);
  };

  const fromAddress = () => {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) {
      let name = hash;
      try { name = decodeURIComponent(hash); } catch { /* shown as it is */ }
      if (!name || name === "all") { form.reset(); apply(); return; }
      const target = document.getElementById(name);
      if (!target) return;
      const row = target.closest("[data-rule]");
      if (row && row.hidden) { form.reset(); apply(); }
      if (target.matches("details")) target.open = true;
      target.scrollIntoView();
      return;
    }
    const parts = new URLSearchParams(hash);
    form.reset();
    for (const box of form.querySelectorAll("input[type=checkbox]")) {
      box.checked = box.name === "changed" ? parts.has("changed") : (parts.get(box.name) || "").split(",").includes(box.value);
    }
    if (form.elements.feature) form.elements.feature.value = parts.get("feature") || "";
    form.elements.q.value = parts.get("q") || "";
    apply();
    document.getElementById("rules").scrollIntoView(); // what a linked view is about
  };

  const copy = async (text, button) => {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "unseen";
      document.body.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
      button.focus();
    }
    const before = button.dataset.label || button.textContent;
    button.dataset.label = before;
    button.textContent = done ? "Copied" : "Select and copy by hand";
    said.textContent = button.textContent;
    setTimeout(() => { button.textContent = before; }, 2000);
  };

  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button.parentElement.querySelector("pre").textContent, button));
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => { apply(); toAddress(); });
    form.querySelector("[type=reset]").addEventListener("click", (event) => {
      event.preventDefault();
      form.reset();
      apply();
      toAddress();
    });
    const link = document.getElementById("link");
    link.addEventListener("click", () => {
      if (filtered(wanted())) toAddress(); // the address may name a rule that was followed meanwhile
      copy(location.href, link);
    });
    addEventListener("hashchange", fromAddress);
    apply();
    fromAddress();
  }

  // An answer may be longer than its box: what differs is brought into view.
  const showMarks = (scope) => {
    for (const box of scope.querySelectorAll("pre")) {
      const mark = box.querySelector("mark");
      if (mark) box.scrollTop = Math.max(0, mark.offsetTop - box.offsetTop - 60);
    }
  };
  for (const item of document.querySelectorAll("details")) {
    item.addEventListener("toggle", () => item.open && showMarks(item));
  }
  showMarks(document);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open], .quiet)")];
    for (const item of closed) item.open = true;
  });
  addEventListener("afterprint", () => { for (const item of closed) item.open = false; });
})();
