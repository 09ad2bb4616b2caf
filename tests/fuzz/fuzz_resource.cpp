#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fhir/json/json.hpp"
#include "fhir/validate/validate.hpp"

// Any document that parses is validated in full, with two profiles: it ends, stays in its limits, and says the same twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace causeway::fhir;
    static const auto validator = Validator::built_in();
    if (size > 4096) return 0;
    const auto document = parse_json(std::string(reinterpret_cast<const char*>(data), size));
    if (!document) return 0;
    ValidationOptions options;
    options.issues_max = 50;
    options.profiles = {"http://hl7.org/fhir/StructureDefinition/bp",
                        "http://hl7.org/fhir/StructureDefinition/catalog"};
    const Issues first = validator->validate(**document, options);
    const Issues second = validator->validate(**document, options);
    if (first.size() > options.issues_max + options.issues_max / 2 + 3 || first.size() != second.size()) std::abort();
    for (std::size_t i = 0; i < first.size(); ++i)
        if (first[i].text != second[i].text || first[i].expression != second[i].expression) std::abort();
    return 0;
}
