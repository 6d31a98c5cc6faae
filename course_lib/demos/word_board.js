// Columns of words. A word is dragged into another column, or picked up with a click (or
// Enter or Space) and put down with a click on a column: for touch screens and keyboards.
function render({ model, el }) {
  let picked = null;

  const move = (word, to) => {
    const sets = structuredClone(model.get("sets"));
    for (const name of Object.keys(sets)) {
      sets[name] = sets[name].filter((other) => other !== word);
    }
    sets[to].push(word);
    picked = null;
    model.set("sets", sets);
    model.save_changes();
    draw();
  };

  const chip = (word) => {
    // No <button>: Firefox starts no drag on one.
    const chip = document.createElement("span");
    chip.className = "course-word";
    chip.textContent = word;
    chip.draggable = true;
    chip.tabIndex = 0;
    chip.setAttribute("role", "button");
    chip.setAttribute("aria-pressed", String(word === picked));
    const pick = () => {
      picked = word === picked ? null : word;
      draw();
      // Drawing made new chips: the keyboard stays where it was.
      for (const other of el.querySelectorAll(".course-word")) {
        if (other.textContent === word) other.focus();
      }
    };
    chip.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", word);
      event.dataTransfer.effectAllowed = "move";
    });
    chip.addEventListener("click", (event) => {
      event.stopPropagation();
      pick();
    });
    chip.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault(); // a space would scroll the page
      event.stopPropagation(); // and a notebook would run the cell or leave it
      pick();
    });
    return chip;
  };

  const column = (name, words) => {
    const box = document.createElement("section");
    box.className = "course-words";
    box.dataset.set = name;
    const title = document.createElement("button");
    title.className = "course-words-title";
    title.textContent = model.get("titles")[name];
    const put = () => picked !== null && move(picked, name);
    title.addEventListener("click", (event) => {
      event.stopPropagation();
      put();
    });
    box.addEventListener("click", put);
    box.addEventListener("dragover", (event) => {
      event.preventDefault();
      box.classList.add("course-words-over");
    });
    box.addEventListener("dragleave", () => box.classList.remove("course-words-over"));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("course-words-over");
      const word = event.dataTransfer.getData("text/plain");
      const known = Object.values(model.get("sets")).some((own) => own.includes(word));
      if (known) move(word, name);
    });
    box.append(title, ...words.map(chip));
    return box;
  };

  const draw = () => {
    const columns = Object.entries(model.get("sets")).map(([name, words]) => column(name, words));
    el.classList.add("course-board");
    el.replaceChildren(...columns);
  };

  model.on("change:sets", draw);
  draw();
  return () => model.off("change:sets", draw);
}

export default { render };
