// Gradio runs this once, with `element`; the player inside it comes and goes.
const DELAY = 90;
let direction = 1;

function show(player, number) {
  player.querySelectorAll(".frame").forEach((frame, index) => frame.classList.toggle("on", index === number));
  player.querySelector(".position").value = number;
}

function setPlaying(player, playing) {
  const button = player.querySelector(".toggle");
  player.dataset.playing = playing ? "yes" : "no";
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
}

setInterval(() => {
  const player = element.querySelector(".player");
  if (!player || player.dataset.playing !== "yes") return;
  const position = player.querySelector(".position");
  const last = Number(position.max);
  let next = Number(position.value) + direction;
  if (next < 0 || next > last) {
    direction = -direction;
    next = Math.min(Math.max(Number(position.value) + direction, 0), last);
  }
  show(player, next);
}, DELAY);

element.addEventListener("click", (event) => {
  if (!event.target.matches(".toggle")) return;
  const player = event.target.closest(".player");
  setPlaying(player, player.dataset.playing !== "yes");
});

element.addEventListener("input", (event) => {
  if (!event.target.matches(".position")) return;
  const player = event.target.closest(".player");
  setPlaying(player, false);
  show(player, Number(event.target.value));
});
