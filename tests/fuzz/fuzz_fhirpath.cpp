// An expression and, after a NUL byte, a document: compile, evaluate, show. Any input may fail, none may crash or run
// away.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"

using namespace causeway::fhir;

namespace {

constexpr const char* fallback =
    R"({"resourceType":"Patient","id":"1","active":true,"name":[{"family":"A","given":["b","c"],"_given":[null,{"id":"x"}]}],
 "birthDate":"1970-02","multipleBirthInteger":2,"contained":[{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.50,"code":"mg","system":"http://unitsofmeasure.org"}}],
 "managingOrganization":{"reference":"#o"}})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = input.find('\0');
    const std::string_view text = input.substr(0, cut);
    static const DocumentPtr standard = parse_json(fallback).value();
    DocumentPtr document = standard;
    if (cut != std::string_view::npos) {
        auto parsed = parse_json(std::string(input.substr(cut + 1)));
        if (parsed.has_error()) return 0;
        document = *parsed;
    }
    for (const bool strict : {false, true}) {
        const auto expression = path::Expression::compile(
            text, {.context_type = document->resource_type(), .strict = strict, .as_filters = strict});
        if (expression.has_error()) {
            if (expression.error().offset > text.size() || expression.error().message.empty()) std::abort();
            continue;
        }
        path::Evaluation evaluation;
        path::Environment environment;
        environment.now_us = 1'700'000'000'000'000;
        environment.steps_max = 20'000;
        environment.resolve_to_type = strict;
        const auto items = evaluation.run(*expression, document->root(), environment);
        if (items.has_error()) continue;
        std::size_t shown = 0;
        for (const path::Item& item : *items) {
            if (++shown > 20) break;
            if (path::type_name(item).empty()) std::abort();
            (void)path::display(item);
        }
    }
    return 0;
}
