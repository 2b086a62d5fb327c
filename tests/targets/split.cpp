// Splits its CPU time among templates, functions that throw, and virtual ones, and keeps account of
// it: split FILE CPU_SECONDS. Build: c++ -O2 -o split split.cpp
// Writes what split.c writes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace conformance {

volatile std::uint64_t sink;

std::uint64_t cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::uint64_t(t.tv_sec) * 1000000000u + std::uint64_t(t.tv_nsec);
}

template <typename Key, int Rounds>
[[gnu::noipa]] void part_of_templates() {
    std::map<Key, int> words;
    for (int i = 0; i < Rounds; i++) words["word" + std::to_string(i * 31 % 257)] += i;
    sink = sink + words.size();
}

[[gnu::noinline]] void refuse(int depth) {
    if (depth == 0) throw std::runtime_error("refused");
    refuse(depth - 1);
    sink = sink + 1;
}

[[gnu::noipa]] void part_of_exceptions() {
    for (int i = 0; i < 100; i++) {
        try {
            refuse(10);
        } catch (const std::runtime_error &error) {
            sink = sink + std::uint64_t(error.what()[0]);
        }
    }
}

struct Shape {
    virtual ~Shape() = default;
    virtual double area(int n) const = 0;
};

template <int Sides>
struct Polygon final : Shape {
    double area(int n) const override {
        double sum = 0;
        for (int i = 1; i < 4000; i++) sum += Sides * 0.5 / (i + n);
        return sum;
    }
};

[[gnu::noipa]] void part_of_virtual_calls(const std::vector<std::unique_ptr<Shape>> &shapes) {
    double sum = 0;
    for (const auto &shape : shapes) sum += shape->area(int(sum));
    sink = sink + std::uint64_t(sum);
}

}  // namespace conformance

int main(int count, char **words) {
    using namespace conformance;
    if (count < 3) return 2;
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 10; i++) {
        shapes.push_back(std::make_unique<Polygon<3>>());
        shapes.push_back(std::make_unique<Polygon<4>>());
    }
    std::uint64_t spent[3] = {}, end = std::uint64_t(std::atof(words[2]) * 1e9);
    const auto charge = [&](int part, auto &&work) {
        const std::uint64_t start = cpu_ns();
        work();
        spent[part] += cpu_ns() - start;
    };
    while (cpu_ns() < end) {
        charge(0, [] { part_of_templates<std::string, 3000>(); });
        charge(1, [] { part_of_exceptions(); });
        charge(2, [&] { part_of_virtual_calls(shapes); });
    }
    std::ofstream file(words[1]);
    file << "part_of_templates " << spent[0] << "\npart_of_exceptions " << spent[1]
         << "\npart_of_virtual_calls " << spent[2] << "\n";
}
