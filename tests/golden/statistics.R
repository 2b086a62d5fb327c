# Makes statistics.json: what R finds for series that this script draws, for the tests to be held to.
# usage: Rscript statistics.R > statistics.json
set.seed(20261127)
number <- function(x) ifelse(is.finite(x), formatC(x, digits = 17, format = "g"), "null")
numbers <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
paired <- function(d, level) {
  found <- suppressWarnings(wilcox.test(d, conf.int = TRUE, conf.level = level, exact = TRUE))
  sprintf('    {"differences": %s, "alpha": %s, "estimate": %s, "low": %s, "high": %s, "p": %s}',
    numbers(d), number(1 - level), number(found$estimate), number(found$conf.int[1]),
    number(found$conf.int[2]), number(found$p.value))
}
cases <- character()
for (n in c(5, 8, 10, 15, 20, 40, 49)) {
  for (shift in c(0, 0.01, 0.05)) {
    d <- round(rnorm(n, shift, 0.01), 10)
    for (level in c(0.95, 0.99, 0.9967)) cases <- c(cases, paired(d, level))
  }
}
kendall <- function(x) {
  found <- cor.test(seq_along(x), x, method = "kendall", exact = FALSE, continuity = TRUE)
  sprintf('    {"series": %s, "p": %s}', numbers(x), number(found$p.value))
}
trends <- character()
for (n in c(20, 60)) {
  trends <- c(trends, kendall(round(rnorm(n), 6)))
  trends <- c(trends, kendall(round(rnorm(n) + seq_len(n) / n, 6)))
  trends <- c(trends, kendall(round(rnorm(n) * 2)))
}
p <- c(0.0001, 0.004, 0.019, 0.02, 0.03, 0.5, 0.9, 0.02, 1)
cat("{\n", sprintf('  "made_by": "%s, wilcox.test, p.adjust, cor.test, qsignrank",\n', R.version.string),
  '  "paired": [\n', paste(cases, collapse = ",\n"), "\n  ],\n",
  '  "kendall": [\n', paste(trends, collapse = ",\n"), "\n  ],\n",
  sprintf('  "benjamini_hochberg": {"p": %s, "adjusted": %s},\n', numbers(p), numbers(p.adjust(p, "BH"))),
  sprintf('  "qsignrank": {"n": %s, "alpha": %s, "k": %s}\n',
    numbers(c(8, 10, 20, 10, 20, 40)), numbers(c(0.01, 0.01, 0.01, 0.0033, 0.0033, 0.0033)),
    numbers(qsignrank(c(0.01, 0.01, 0.01, 0.0033, 0.0033, 0.0033) / 2, c(8, 10, 20, 10, 20, 40)))),
  "}\n", sep = "")
