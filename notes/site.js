// Of the site only: a button holds a picture that moves, and paper shows its end.
const films = [...document.querySelectorAll("img.film")];
const words = document.documentElement.lang.startsWith("zh")
  ? { hold: "暂停", go: "播放" }
  : { hold: "Pause", go: "Play" };

function show(film, still) {
  film.src = film.src.split("#")[0] + (still ? "#still" : "");
}

for (const film of films) {
  const button = document.createElement("button");
  button.className = "film-button";
  button.textContent = words.hold;
  button.onclick = () => {
    const still = !film.src.includes("#");
    show(film, still);
    button.textContent = still ? words.go : words.hold;
  };
  film.after(button);
}

let held = [];
addEventListener("beforeprint", () => {
  held = films.filter((film) => film.src.includes("#"));
  films.forEach((film) => show(film, true));
});
addEventListener("afterprint", () => {
  films.forEach((film) => show(film, held.includes(film)));
});
