#include "gateway/patient_index/person_lookup.hpp"

#include "fhir/search/query.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {
namespace {

constexpr int redirects_max = 1000;
constexpr std::size_t linked_max = 200;

storage::PersonId current(storage::Reader& reader, storage::PersonId person) {
    for (int i = 0; i < redirects_max; ++i) {
        const auto row = reader.patients().person(person).value();
        if (!row) return 0;
        if (row->redirect == 0) return person;
        person = row->redirect;
    }
    return person;
}

/// A number that is no record's own (a nation's, an insurer's) names the person whose records all carry it.
storage::PersonId person_by_shared_number(storage::Reader& reader, std::string_view system, std::string_view value) {
    std::string token(system);
    token.append("|");
    for (const char c : value) {
        if (c == '\\' || c == ',' || c == '|' || c == '$') token.push_back('\\');
        token.push_back(c);
    }
    const std::vector<fhir::search::QueryParameter> wanted{{"identifier", std::move(token)}};
    const auto parsed = fhir::search::parse_query("Patient", wanted);
    if (!parsed.ok()) return 0;
    storage::PersonId found = 0;
    for (const auto& hit : reader.find(parsed.plan, linked_max).value()) {
        const auto person = person_of(reader, hit.version.rid);
        if (person == 0 || person == found) continue;
        if (found != 0) return 0;  // two people: it names neither
        found = person;
    }
    return found;
}

}  // namespace

storage::Result<std::vector<std::string>> linked_patients(storage::Reader& reader, std::string_view id) {
    try {
        std::vector<std::string> out{std::string(id)};
        const auto version = reader.version("Patient", id).value();
        const auto person = version ? person_of(reader, version->rid) : 0;
        if (person == 0) return out;
        for (const auto rid : reader.patients().members(person, linked_max).value()) {
            const auto stored = reader.read(rid).value();
            if (stored && !stored->erased() && stored->id != id) out.push_back(stored->id);
        }
        return out;
    } catch (const storage::FailureException& failure) {
        return failure.failure();
    }
}

storage::PersonId person_of(storage::Reader& reader, storage::Rid record) {
    const auto row = reader.patients().record(record).value();
    return row ? row->person : 0;
}

storage::PersonId person_by_identifier(storage::Reader& reader, std::string_view system, std::string_view value,
                                       std::string_view own_system) {
    if (!own_system.empty() && system == own_system) {
        const auto number = person_number(value);
        return number ? current(reader, *number) : 0;
    }
    const auto name = reader.identity(exchange::identity_key("Patient", {}, system, value)).value();
    if (name && name->type == "Patient") {
        const auto version = reader.version("Patient", name->id).value();
        return version ? person_of(reader, version->rid) : 0;
    }
    return person_by_shared_number(reader, system, value);
}

}  // namespace causeway::patient_index
