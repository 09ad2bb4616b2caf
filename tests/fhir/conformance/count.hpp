#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace causeway::test {

/// What one part of the FHIR suite found: own cases, and more where CAUSEWAY_TEST_DATA is set.
struct Count {
    std::string part;
    std::size_t passed = 0;
    std::vector<std::string> failed = {};  ///< a line each
    std::vector<std::string> listed = {};  ///< known and written down: not passed, not counted as failed

    void add(bool good, const std::string& name) {
        if (good)
            ++passed;
        else
            failed.push_back(name);
    }
};

// Each part gives its counts; main.cpp prints them. A new part is a function here, a file and a line in main.cpp.
std::vector<Count> count_round_trips();
std::vector<Count> count_validation();
std::vector<Count> count_instances();
std::vector<Count> count_refusals();
std::vector<Count> count_paths();
std::vector<Count> count_patches();
std::vector<Count> count_search_parameters();

}  // namespace causeway::test
