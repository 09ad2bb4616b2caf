/// generate_patients HUMANS [SEED [DIRT]]: a CSV of patients with truth on standard output.
#include <cstdlib>
#include <iostream>

#include "tests/gateway/patient_index/generator/records.hpp"

int main(int argc, char** argv) {
    using namespace causeway::patient_index::generator;
    Options options;
    if (argc > 1) options.humans = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10));
    if (argc > 2) options.seed = std::strtoull(argv[2], nullptr, 10);
    if (argc > 3) options.dirt = std::strtod(argv[3], nullptr);
    const auto population = make_population(options);
    std::ios::sync_with_stdio(false);
    write_csv_header(std::cout);
    for (std::size_t i = 0; i < population.records.size(); ++i)
        write_csv(std::cout, i + 1, population.records[i], population.truth[i]);
    return std::cout ? 0 : 1;
}
