// A resource type, a blank, a query: decode, parse, match against a document, write the link and parse that again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"
#include "fhir/search/match.hpp"
#include "fhir/search/query.hpp"

using namespace causeway::fhir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t blank = input.find(' ');
    const std::string_view type =
        blank == std::string_view::npos ? std::string_view("Patient") : input.substr(0, blank);
    const auto decoded = search::decode_query(blank == std::string_view::npos ? input : input.substr(blank + 1), 20);
    if (decoded.has_error()) return 0;
    if (type.empty() && decoded->size() > 2) return 0;  // all types: slow, and nothing new
    search::QueryOptions options;
    options.handling = search::Handling::lenient;
    options.now_us = 1'700'000'000'000'000;
    const auto parsed = search::parse_query(type, *decoded, options);
    for (const auto& issue : parsed.issues) {
        if (issue.text.empty()) std::abort();
    }
    if (!parsed.ok()) return 0;
    // what the self link says gives the same plan again
    const auto again = search::decode_query(search::encode_query(parsed.plan.used));
    if (again.has_error() || again->size() != parsed.plan.used.size()) std::abort();
    const auto second = search::parse_query(type, *again, options);
    if (!second.ok() || second.plan.used != parsed.plan.used ||
        second.plan.conditions.size() != parsed.plan.conditions.size())
        std::abort();
    static const DocumentPtr document =
        parse_json(
            R"({"resourceType":"Patient","id":"1","name":[{"family":"Carreño Quiñones"}],"birthDate":"1970","identifier":[{"system":"s","value":"1"}],
          "generalPractitioner":[{"reference":"Practitioner/1"}]})")
            .value();
    search::MatchContext first_context;
    search::MatchContext second_context;
    if (search::matches(parsed.plan, document, first_context) != search::matches(second.plan, document, second_context))
        std::abort();
    return 0;
}
