// Zooms flame graphs on a click or Enter; without it the page shows and says the same.
"use strict";
for (const picture of document.querySelectorAll("figure.flame > svg")) {
  const width = 880, letter = 6.61;
  const boxes = Array.from(picture.querySelectorAll("rect"), (rect) => {
    const group = rect.parentNode.tagName === "g" ? rect.parentNode : null;
    const title = rect.querySelector("title")?.textContent ?? "";
    return {
      rect, group, label: group?.querySelector("text"),
      name: title.slice(0, title.lastIndexOf(": ")),
      x: Number(rect.getAttribute("x")), y: Number(rect.getAttribute("y")),
      // A pixel parts a box from the next.
      span: Number(rect.getAttribute("width")) + 1,
    };
  });
  const back = document.createElement("button");
  back.type = "button";
  back.className = "back";
  back.textContent = "Show all";
  back.hidden = true;
  picture.after(back);

  const cut = (name, letters) =>
    letters >= name.length ? name : letters >= 4 ? name.slice(0, letters - 1) + "…" : "";

  const zoom = (to) => {
    const from = to ? to.x : 0, scale = width / (to ? to.span : width);
    for (const box of boxes) {
      // What calls the box stays, as wide as the picture.
      const calls = to && to.y > box.y && to.x + 0.5 > box.x
        && box.x + box.span + 0.5 > to.x + to.span;
      const x = calls ? 0 : (box.x - from) * scale;
      const span = calls ? width : box.span * scale;
      const seen = !to || calls || (box.y >= to.y && x > -0.5 && width + 0.5 >= x + span);
      (box.group ?? box.rect).style.display = seen ? "" : "none";
      box.rect.setAttribute("x", x);
      box.rect.setAttribute("width", Math.max(span - 1, 0.5));
      if (!box.group || !seen) continue;
      const words = cut(box.name, Math.floor((span - 7) / letter));
      if (!box.label && words) {
        box.label = document.createElementNS(picture.namespaceURI, "text");
        box.label.setAttribute("y", box.y + 12.6);
        box.group.append(box.label);
      }
      if (box.label) {
        box.whole ??= box.label.textContent;
        box.label.setAttribute("x", x + 4);
        box.label.textContent = to || !box.whole ? words : box.whole;
      }
    }
    back.hidden = !to;
  };

  for (const box of boxes) {
    if (!box.group) continue;
    box.group.style.cursor = "zoom-in";
    box.group.addEventListener("click", () => zoom(box.span + 0.5 > width ? null : box));
    if (!box.label) continue;
    box.group.setAttribute("tabindex", "0");
    box.group.setAttribute("role", "button");
    box.group.setAttribute("aria-label", box.rect.querySelector("title").textContent);
    box.group.addEventListener("keydown", (event) => {
      if (event.key === "Enter") zoom(box);
    });
  }
  back.addEventListener("click", () => zoom(null));
  picture.parentNode.addEventListener("keydown", (event) => {
    if (event.key === "Escape") zoom(null);
  });
  // Paper shows all of it.
  addEventListener("beforeprint", () => zoom(null));
}
