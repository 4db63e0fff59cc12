// SPDX-License-Identifier: Apache-2.0
// Before the first paint, so that nothing flashes: the appearance that was chosen.
(() => {
  const chosen = localStorage.getItem("lapwing.theme");
  if (["light", "dark", "contrast"].includes(chosen)) document.documentElement.dataset.theme = chosen;
})();
