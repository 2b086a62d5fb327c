// Splits its CPU time among functions and keeps account of it: split.js FILE CPU_SECONDS. Writes what
// split.c writes. Run with: node --perf-basic-prof split.js …
"use strict";
const fs = require("fs");

function partOfArithmetic() {
  let state = 1;
  for (let i = 0; i < 300000; i++) state = (Math.imul(state, 1664525) + i) >>> 0;
  return state;
}

function partOfStrings() {
  const counts = new Map();
  for (let i = 0; i < 3000; i++) {
    const word = "word" + ((i * 31) % 257);
    counts.set(word, (counts.get(word) || 0) + i);
  }
  return counts.size;
}

function partOfSorting() {
  const numbers = [];
  for (let i = 0; i < 2000; i++) numbers.push((i * 7919) % 10007);
  return numbers.sort((a, b) => a - b)[1000];
}

const cpuNs = () => {
  const used = process.cpuUsage();
  return (used.user + used.system) * 1000;
};

const parts = [partOfArithmetic, partOfStrings, partOfSorting];
const spent = parts.map(() => 0);
const end = Number(process.argv[3]) * 1e9;
while (cpuNs() < end) {
  parts.forEach((part, i) => {
    const start = cpuNs();
    // Long enough that the clock's steps do not matter.
    for (let n = 0; n < 20; n++) part();
    spent[i] += cpuNs() - start;
  });
}
fs.writeFileSync(process.argv[2], parts.map((part, i) => `${part.name} ${spent[i]}\n`).join(""));
