// Burns CPU time a few calls deep: what the Chrome CPU profile is made of.
let sink = 0;
function burnLeaf(n) {
  for (let i = 0; i < n; i++) sink = (sink * 31 + i) % 1000003;
}
function burnDeep(depth) {
  if (depth === 0) burnLeaf(200000);
  else burnDeep(depth - 1);
}
const end = Date.now() + 300;
while (Date.now() < end) burnDeep(5);
