// Virtual calls, templates and exceptions that state their rate of work: rate SECONDS.
// Build: c++ -O2 -g -o rate rate.cpp
// Prints what rate.c prints.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::uint64_t clock_ns(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return std::uint64_t(t.tv_sec) * 1000000000u + std::uint64_t(t.tv_nsec);
}

struct Shape {
    virtual ~Shape() = default;
    virtual double area(int n) const = 0;
};

template <int Sides>
struct Polygon final : Shape {
    [[gnu::noinline]] double area(int n) const override {
        double sum = 0;
        for (int i = 1; i < 40; i++) sum += Sides * 0.5 / (i + n);
        return sum;
    }
};

template <typename Container>
[[gnu::noinline]] double total(const Container &shapes, int n) {
    return std::accumulate(shapes.begin(), shapes.end(), 0.0,
                           [n](double sum, const auto &shape) { return sum + shape->area(n); });
}

[[gnu::noinline]] std::size_t index_words(std::map<std::string, int> &words, int n) {
    for (int i = 0; i < 50; i++) words["word" + std::to_string((i * 31 + n) % 97)] += i;
    return words.size();
}

[[gnu::noinline]] int refuse(int n) {
    if (n % 7 == 0) throw std::runtime_error("refused");
    return n;
}

template <int Depth>
[[gnu::noinline]] double nested(const std::function<double()> &inner) {
    if constexpr (Depth == 0) return inner();
    else return nested<Depth - 1>([&] { return inner() + Depth; }) + 1;
}

double unit(std::vector<std::unique_ptr<Shape>> &shapes, std::map<std::string, int> &words, int n) {
    double sum = nested<12>([&] { return total(shapes, n); }) + double(index_words(words, n));
    try {
        sum += refuse(n);
    } catch (const std::runtime_error &error) {
        sum += error.what()[0];
    }
    std::vector<int> numbers(200);
    std::iota(numbers.begin(), numbers.end(), n);
    std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return a % 17 < b % 17; });
    return sum + numbers[100];
}

}  // namespace

int main(int count, char **arguments) {
    const std::uint64_t end =
        clock_ns(CLOCK_MONOTONIC) + std::uint64_t((count > 1 ? std::atof(arguments[1]) : 1) * 1e9);
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 10; i++) {
        shapes.push_back(std::make_unique<Polygon<3>>());
        shapes.push_back(std::make_unique<Polygon<4>>());
        shapes.push_back(std::make_unique<Polygon<6>>());
    }
    std::map<std::string, int> words;
    std::uint64_t at = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), units = 0;
    volatile double sink = 0;
    for (int n = 0; at < end; n++) {
        sink = sink + unit(shapes, words, n);
        units++;
        const std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
        if (now - at < 100000000) continue;
        const std::uint64_t now_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        std::printf("%lu %lu %lu %lu\n", at, now, units, now_cpu - cpu);
        std::fflush(stdout);
        at = now, cpu = now_cpu, units = 0;
    }
}
